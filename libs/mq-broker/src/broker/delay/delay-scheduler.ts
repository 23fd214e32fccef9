import {
  decodeMessages,
  encodeProperties,
  MessageConst,
  parseJavaInt,
  PermName,
  tagsHash,
  TopicName,
} from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';
import type { MessageDraft, MessageReader, MessageStore } from '../../store/index.js';
import type { BrokerClock } from '../broker-clock.js';
import type { TopicConfigManager } from '../topics/index.js';
import type { DelayLevels } from './delay-levels.js';
import type { DelayOffsetFile } from './delay-offset-file.js';

/** The most messages of one level in one turn. Then the other levels get their turn. */
const DELIVERIES_PER_TURN_MAX = 256;
const READ_MESSAGES_MAX = 32;
const READ_BYTES_MAX = 1024 * 1024;
/** The longest timer. A wall clock that was set forward is noticed within this time. */
const SLEEP_MS_MAX = 1_000;
/** The pause after a delivery that the store refused, for example because the disk is full. */
const REFUSED_PAUSE_MS = 1_000;
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
  clock: BrokerClock;
  levels: DelayLevels;
  file: Pick<DelayOffsetFile, 'load' | 'save'>;
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
      const next = this.deliverLevel(level, now);
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
      for (const message of found.buffers.flatMap((buffer) => decodeMessages(buffer))) {
        const dueAt = this.dueAt(message, level, now);
        if (dueAt > now) return dueAt;
        if (!this.deliver(message, level)) return now + REFUSED_PAUSE_MS;
        delivered += 1;
      }
      this.advance(level, found.nextBeginOffset);
    }
    return now;
  }

  /** A due time that is further away than the delay itself comes from a clock that was set back: then the message is due. */
  private dueAt(message: MessageExt, level: number, now: number): number {
    const delayMs = this.parts.levels.delayMs(level);
    const dueAt = message.storeTimestamp + delayMs;
    return dueAt > now + delayMs ? now : dueAt;
  }

  private deliver(message: MessageExt, level: number): boolean {
    const { store } = this.parts;
    const draft = deliveryOf(message);
    if (draft !== undefined) {
      this.requireTopic(draft);
      if (store.append(draft) !== 'PUT_OK') return false;
      this.lastDeliveryEnd = store.lastAppend.endOffset;
      this.unsafe = this.unsafe.filter(({ endOffset }) => endOffset > store.writtenOffset);
      this.unsafe.push({ level, offset: message.queueOffset, endOffset: this.lastDeliveryEnd });
    }
    this.advance(level, message.queueOffset + 1);
    return true;
  }

  /** Makes the topic when it was deleted, or when a kill lost it. An accepted message is delivered in any case. */
  private requireTopic(draft: MessageDraft): void {
    const existing = this.parts.topics.get(draft.topic);
    if (existing !== undefined) {
      // The topic was made smaller meanwhile. A queue that it does not have any more is read by nobody.
      if (existing.readQueueNums > 0) draft.queueId %= Math.max(existing.readQueueNums, existing.writeQueueNums);
      return;
    }
    const queueNums = Math.max(RESTORED_QUEUE_NUMS, draft.queueId + 1);
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

/** The draft for the message's real topic. Undefined when it has none: then no consumer could ever read it. */
function deliveryOf(message: MessageExt): MessageDraft | undefined {
  const properties: Record<string, string> = { ...message.properties };
  const topic = properties[MessageConst.REAL_TOPIC];
  const queueId = parseJavaInt(properties[MessageConst.REAL_QUEUE_ID] ?? '');
  if (topic === undefined || queueId === undefined || queueId < 0) return undefined;
  delete properties[MessageConst.DELAY_TIME_LEVEL];
  delete properties[MessageConst.TIMER_DELIVER_MS];
  delete properties[MessageConst.TIMER_DELAY_SEC];
  return {
    topic,
    queueId,
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: message.bornHost,
    bornPort: message.bornPort,
    body: message.body,
    properties: encodeProperties(properties),
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: message.preparedTransactionOffset,
    tagsCode: tagsHash(properties[MessageConst.TAGS]),
  };
}
