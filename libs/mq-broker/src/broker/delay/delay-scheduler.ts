import { isRetryTopic, MessageConst, parseJavaInt, PermName, tagsHash, TopicName } from '@rocketshop/mq-protocol';
import type { MessageDraft, MessageReader, MessageStore } from '../../store/index.js';
import type { Logger } from '../../logger.js';
import type { ElapsedClock } from '../broker-clock.js';
import type { TopicConfigManager } from '../topics/index.js';
import type { DelayLevels } from './delay-levels.js';
import type { DelayOffsetFile } from './delay-offset-file.js';
import { parkedIn } from './parked.js';
import type { Parked } from './parked.js';
import type { Undelivered } from './undelivered.js';

/** The most messages of one level in one turn. Then the other levels get their turn. */
const DELIVERIES_PER_TURN_MAX = 256;
const READ_MESSAGES_MAX = 32;
const READ_BYTES_MAX = 1024 * 1024;
/** The longest timer. */
const SLEEP_MS_MAX = 1_000;
/** The pause after a delivery that the store refused, for example because the disk is full. */
const REFUSED_PAUSE_MS = 1_000;
/** A message that fails so often for another reason than the disk is set aside. */
const TRIES_MAX = 3;
/** How often moved offsets are saved. After a kill, messages that were delivered since the last save are delivered again. */
const SAVE_INTERVAL_MS = 1_000;
/** A shutdown waits for the disk 100 times 20 ms. Background syncs are half a second apart. */
const CLOSE_WAITS_MAX = 100;
const CLOSE_WAIT_MS = 20;
/** Queues of a topic that does not exist any more when its delayed message is due. */
const RESTORED_QUEUE_NUMS = 4;

type DelayStore = Pick<MessageStore, 'append' | 'lastAppend' | 'writtenOffset' | 'flushedOffset'> & {
  reader: Pick<MessageReader, 'getMessages'>;
};

export interface DelaySchedulerParts {
  store: DelayStore;
  topics: Pick<TopicConfigManager, 'get' | 'createInSendBack'>;
  /** Steady time. */
  clock: ElapsedClock;
  levels: DelayLevels;
  file: Pick<DelayOffsetFile, 'load' | 'save'>;
  undelivered: Pick<Undelivered, 'setAside'>;
  log?: Logger;
}

/** The offsets of all levels at the time when the log ended at `endOffset`. */
interface OffsetSnapshot {
  offsets: ReadonlyMap<number, number>;
  endOffset: number;
}

interface Delivery {
  level: number;
  /** The message's offset in the level's queue. */
  offset: number;
  /** End of the delivered record in the log. */
  endOffset: number;
}

/**
 * Delivers the messages of SCHEDULE_TOPIC_XXXX, which has one queue for each level, in the order in which they came (RocketMQ
 * `ScheduleMessageService`).
 *
 * SCHEDULED(level, due = stored + delay) -> due -> put to its real topic -> the level's offset moves on. The offset is saved
 * only when the delivered record is on the disk: a kill in between delivers the message again and never loses it.
 */
export class DelayScheduler {
  readonly levelMax: number;
  /** Level -> offset of the next message. */
  private readonly nextOffsets = new Map<number, number>();
  /** Level -> time of its next delivery, ms. A level without a time is empty; a new message gives it one. */
  private readonly wakeTimes = new Map<number, number>();
  /** Deliveries that the disk does not have for certain. */
  private unsafe: Delivery[] = [];
  private lastDeliveryEnd = 0;
  /** Saved as soon as the disk has its deliveries. Under steady load there is always a newer one, which must not replace it. */
  private waitingSnapshot: OffsetSnapshot | undefined;
  /** The message that could not be delivered last. */
  private failed: { level: number; offset: number; tries: number } | undefined;
  private cancelTimer: (() => void) | undefined;
  private timerAt = Infinity;
  private cancelSave: (() => void) | undefined;
  private isStopped = true;

  constructor(private readonly parts: DelaySchedulerParts) {
    this.levelMax = parts.levels.levelMax;
  }

  /** Goes on at the saved offsets. */
  start(): void {
    for (const [level, offset] of this.parts.file.load()) this.nextOffsets.set(level, offset);
    this.isStopped = false;
    const now = this.parts.clock.now();
    for (let level = 1; level <= this.levelMax; level += 1) this.wakeTimes.set(level, now);
    this.arm();
  }

  offsets(): ReadonlyMap<number, number> {
    return this.nextOffsets;
  }

  /** The store calls this when a message became visible in the queue of a level. */
  onMessage(queueId: number): void {
    const level = queueId + 1;
    if (this.isStopped || this.wakeTimes.has(level)) return;
    this.wakeTimes.set(level, this.parts.clock.now() + this.parts.levels.delayMs(level));
    this.arm();
  }

  /** The disk was full and the store withdrew the messages that it had not written: those deliveries are repeated. */
  onWithdrawn(): void {
    const fromOffset = this.parts.store.writtenOffset;
    const retryAt = this.parts.clock.now() + REFUSED_PAUSE_MS;
    for (const { level, offset, endOffset } of this.unsafe) {
      if (endOffset <= fromOffset) continue;
      this.nextOffsets.set(level, Math.min(offset, this.nextOffsets.get(level) ?? offset));
      // An empty level waits for a new message, but its message is there already: give the level a time.
      this.wakeTimes.set(level, retryAt);
    }
    this.unsafe = this.unsafe.filter(({ endOffset }) => endOffset <= fromOffset);
    // Other records will take the positions of its deliveries.
    this.waitingSnapshot = undefined;
    this.arm();
  }

  /** Stops deliveries. Saves the offsets when the disk has the delivered messages. */
  async close(): Promise<void> {
    this.stop();
    const { store, clock, file } = this.parts;
    for (let waits = 0; store.flushedOffset < this.lastDeliveryEnd; waits += 1) {
      // Without the file, a restart delivers the last messages again: better than a shutdown that does not end.
      if (waits === CLOSE_WAITS_MAX) return;
      await new Promise<void>((resolve) => clock.after(CLOSE_WAIT_MS, resolve));
    }
    if (this.nextOffsets.size > 0) await file.save(this.nextOffsets);
  }

  private stop(): void {
    this.isStopped = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.cancelSave?.();
    this.cancelSave = undefined;
  }

  private arm(): void {
    let earliest = Infinity;
    for (const time of this.wakeTimes.values()) earliest = Math.min(earliest, time);
    if (this.isStopped || earliest >= this.timerAt) return;
    this.cancelTimer?.();
    this.timerAt = earliest;
    const sleepMs = Math.min(Math.max(0, earliest - this.parts.clock.now()), SLEEP_MS_MAX);
    this.cancelTimer = this.parts.clock.after(sleepMs, () => this.onTimer());
  }

  private onTimer(): void {
    this.cancelTimer = undefined;
    this.timerAt = Infinity;
    const now = this.parts.clock.now();
    for (const [level, time] of this.wakeTimes) {
      if (time > now) continue;
      let next: number | undefined = now + REFUSED_PAUSE_MS;
      try {
        next = this.deliverLevel(level, now);
      } catch (error) {
        // The log may be unreadable for a while, for example when the process may open no more files.
        this.parts.log?.('error', 'a delay level could not be read', { level, error: String(error) });
      }
      if (next === undefined) this.wakeTimes.delete(level);
      else this.wakeTimes.set(level, next);
    }
    this.arm();
  }

  /** Delivers the messages that are due. Returns the time of the next delivery, or undefined when the level is empty. */
  private deliverLevel(level: number, now: number): number | undefined {
    for (let delivered = 0; delivered < DELIVERIES_PER_TURN_MAX;) {
      const offset = this.nextOffsets.get(level) ?? 0;
      const found = this.parts.store.reader.getMessages(
        TopicName.SCHEDULE_TOPIC,
        level - 1,
        offset,
        READ_MESSAGES_MAX,
        { maxBytes: READ_BYTES_MAX },
      );
      if (found.count === 0) {
        if (found.nextBeginOffset > offset) {
          this.advance(level, found.nextBeginOffset);
          continue;
        }
        // The offset is beyond the queue's end after a start that lost the end of the log: the next message gets that end.
        if (found.nextBeginOffset < offset) this.nextOffsets.set(level, found.nextBeginOffset);
        return undefined;
      }
      for (const parked of found.buffers.flatMap(parkedIn)) {
        const dueAt = this.dueAt(parked, level, now);
        if (dueAt > now) return dueAt;
        if (!this.deliver(parked, level)) return now + REFUSED_PAUSE_MS;
        delivered += 1;
      }
      this.advance(level, found.nextBeginOffset);
    }
    return now;
  }

  /**
   * By the steady time that the record has; a record of an older version has only the wall clock's time of its storing. A due time
   * that is further away than the delay itself comes from a clock that was set back: then the message is due.
   */
  private dueAt({ storeTimestamp, dueMs }: Parked, level: number, now: number): number {
    const delayMs = this.parts.levels.delayMs(level);
    const dueAt = dueMs > 0 ? dueMs : storeTimestamp + delayMs;
    return dueAt > Math.ceil(now + delayMs) ? now : dueAt;
  }

  /** False when the message has to be tried again. */
  private deliver(parked: Parked, level: number): boolean {
    const problem = this.tryToDeliver(parked, level);
    if (problem === 'SERVICE_NOT_AVAILABLE') return false;
    if (problem !== undefined) {
      const tries = this.failed?.offset === parked.queueOffset && this.failed.level === level ? this.failed.tries : 0;
      this.failed = { level, offset: parked.queueOffset, tries: tries + 1 };
      if (this.failed.tries < TRIES_MAX) return false;
      this.parts.undelivered.setAside(parked.message, parked.properties, problem);
      this.noteDelivery(level, parked.queueOffset);
    }
    this.advance(level, parked.queueOffset + 1);
    return true;
  }

  /** @returns why the message cannot be delivered. One message that fails must end neither the process nor its level. */
  private tryToDeliver(parked: Parked, level: number): string | undefined {
    try {
      const draft = deliveryOf(parked);
      this.requireTopic(draft);
      const status = this.parts.store.append(draft);
      if (status !== 'PUT_OK') return status;
      this.noteDelivery(level, parked.queueOffset);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : 'unknown';
    }
  }

  private noteDelivery(level: number, offset: number): void {
    const { store } = this.parts;
    this.lastDeliveryEnd = store.lastAppend.endOffset;
    this.unsafe = this.unsafe.filter(({ endOffset }) => endOffset > store.writtenOffset);
    this.unsafe.push({ level, offset, endOffset: this.lastDeliveryEnd });
  }

  /** Makes the topic when it was deleted, or when a kill lost it. An accepted message is delivered in any case. */
  private requireTopic(draft: MessageDraft): void {
    const existing = this.parts.topics.get(draft.topic);
    if (existing !== undefined) {
      // The topic was made smaller meanwhile. A queue that it does not have any more is read by nobody.
      if (existing.readQueueNums > 0) draft.queueId %= Math.max(existing.readQueueNums, existing.writeQueueNums);
      return;
    }
    const queueNums = Math.max(isRetryTopic(draft.topic) ? 1 : RESTORED_QUEUE_NUMS, draft.queueId + 1);
    this.parts.topics.createInSendBack(draft.topic, queueNums, PermName.READ | PermName.WRITE, 0);
  }

  private advance(level: number, offset: number): void {
    if (offset <= (this.nextOffsets.get(level) ?? 0)) return;
    this.nextOffsets.set(level, offset);
    this.cancelSave ??= this.parts.clock.after(SAVE_INTERVAL_MS, () => this.saveWhenSafe());
  }

  private saveWhenSafe(): void {
    this.cancelSave = undefined;
    const { store, clock, file } = this.parts;
    const newest: OffsetSnapshot = { offsets: new Map(this.nextOffsets), endOffset: this.lastDeliveryEnd };
    const safe = [newest, this.waitingSnapshot].find(
      (snapshot) => snapshot && snapshot.endOffset <= store.flushedOffset,
    );
    if (safe === newest) this.waitingSnapshot = undefined;
    else {
      this.waitingSnapshot = safe === undefined ? (this.waitingSnapshot ?? newest) : newest;
      this.cancelSave = clock.after(SAVE_INTERVAL_MS, () => this.saveWhenSafe());
    }
    if (safe === undefined) return;
    file.save(safe.offsets).catch(() => {
      // The disk may be full. The next delivery saves again; until then a restart repeats deliveries.
    });
  }
}

/**
 * The draft for the message's real topic. Its properties stay as they are, DELAY included: clients of Apache RocketMQ read the level
 * from it. @throws when it cannot be delivered
 */
function deliveryOf({ message, properties, problem }: Parked): MessageDraft {
  if (message === undefined) throw new Error(problem);
  const topic = message.properties[MessageConst.REAL_TOPIC];
  const queueId = parseJavaInt(message.properties[MessageConst.REAL_QUEUE_ID] ?? '');
  if (topic === undefined || queueId === undefined || queueId < 0) throw new Error('it names no real topic');
  const tagsCode = tagsHash(message.properties[MessageConst.TAGS]);
  return { ...message, topic, queueId, properties, preparedTransactionOffset: 0, tagsCode };
}
