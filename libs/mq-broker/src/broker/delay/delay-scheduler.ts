import {
  decodeMessages,
  encodeProperties,
  MessageConst,
  PermName,
  tagsHash,
  TopicName,
  type MessageExt,
} from '@rocketshop/mq-protocol';
import type { MessageDraft, MessageReader, MessageStore } from '../../store/index.js';
import type { BrokerClock } from '../broker-clock.js';
import type { TopicConfigManager } from '../topics/index.js';
import type { DelayLevels } from './delay-levels.js';
import type { DelayOffsetFile } from './delay-offset-file.js';

/** Messages of one level delivered before others get their turn. */
const DELIVERIES_PER_TURN_MAX = 256;
const READ_MESSAGES_MAX = 32;
const READ_BYTES_MAX = 1024 * 1024;
/** Longest sleep: a wall clock that was set forward is noticed within this time. */
const SLEEP_MS_MAX = 1_000;
/** Wait after a delivery that the store refused, e.g. for want of disk space. */
const REFUSED_PAUSE_MS = 1_000;
/** How soon moved offsets are saved: what was delivered in between is delivered again after a kill. */
const SAVE_INTERVAL_MS = 1_000;
/** How long a shutdown waits for the disk: 100 times 20 ms; background syncs are half a second apart. */
const CLOSE_WAITS_MAX = 100;
const CLOSE_WAIT_MS = 20;
/** Queues of a topic that is gone when its delayed message comes due. */
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

/** How far every level was when the log ended at `endOffset`. */
interface Place {
  pointers: ReadonlyMap<number, number>;
  endOffset: number;
}

interface Delivery {
  level: number;
  /** In the level's queue. */
  offset: number;
  /** Of the delivered record in the log. */
  endOffset: number;
}

/**
 * Delivers what waits in SCHEDULE_TOPIC_XXXX, one queue a level, in the order it came (RocketMQ `ScheduleMessageService`).
 *
 * SCHEDULED(level, due = stored + delay) -> due -> put to its real topic -> pointer moves on. The pointer is saved only once
 * the delivered record is on the disk; a kill in between delivers again, never loses.
 */
export class DelayScheduler {
  readonly levelMax: number;
  /** Level -> offset of the next message. */
  private readonly pointers = new Map<number, number>();
  /** Level -> when to look again, ms. A level without one has nothing and is woken by a new message. */
  private readonly wakeTimes = new Map<number, number>();
  /** Delivered, but not known to have reached the disk. */
  private unsafe: Delivery[] = [];
  private lastDeliveryEnd = 0;
  /** To be saved as soon as the disk has what it says: under steady load there is always something newer. */
  private waitingPlace: Place | undefined;
  private cancelTimer: (() => void) | undefined;
  private timerAt = Infinity;
  private cancelSave: (() => void) | undefined;
  private isStopped = true;

  constructor(private readonly parts: DelaySchedulerParts) {
    this.levelMax = parts.levels.levelMax;
  }

  /** Goes on where the saved offsets point. */
  start(): void {
    for (const [level, offset] of this.parts.file.load()) this.pointers.set(level, offset);
    this.isStopped = false;
    const now = this.parts.clock.now();
    for (let level = 1; level <= this.levelMax; level += 1) this.wakeTimes.set(level, now);
    this.arm();
  }

  offsets(): ReadonlyMap<number, number> {
    return this.pointers;
  }

  /** A message became visible in the queue of a level. */
  onMessage(queueId: number): void {
    const level = queueId + 1;
    if (this.isStopped || this.wakeTimes.has(level)) return;
    this.wakeTimes.set(level, this.parts.clock.now() + this.parts.levels.delayMs(level));
    this.arm();
  }

  /** The disk was full and the store took back what it had not written: those deliveries did not happen. */
  onWithdrawn(): void {
    const fromOffset = this.parts.store.writtenOffset;
    const retryAt = this.parts.clock.now() + REFUSED_PAUSE_MS;
    for (const { level, offset, endOffset } of this.unsafe) {
      if (endOffset <= fromOffset) continue;
      this.pointers.set(level, Math.min(offset, this.pointers.get(level) ?? offset));
      // A level that was empty sleeps until a message comes: this one is there already.
      this.wakeTimes.set(level, retryAt);
    }
    this.unsafe = this.unsafe.filter(({ endOffset }) => endOffset <= fromOffset);
    // Other records will stand where it thinks its deliveries are.
    this.waitingPlace = undefined;
    this.arm();
  }

  /** Stops delivering and saves the offsets, once what they say is delivered is on the disk. */
  async close(): Promise<void> {
    this.stop();
    const { store, clock, file } = this.parts;
    for (let waits = 0; store.flushedOffset < this.lastDeliveryEnd; waits += 1) {
      // Without the file a restart delivers the last messages again; that is better than a shutdown without end.
      if (waits === CLOSE_WAITS_MAX) return;
      await new Promise<void>((resolve) => clock.after(CLOSE_WAIT_MS, resolve));
    }
    if (this.pointers.size > 0) await file.save(this.pointers);
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

  /** Delivers what is due; answers when to look again, or undefined when the level is empty. */
  private deliverLevel(level: number, now: number): number | undefined {
    for (let delivered = 0; delivered < DELIVERIES_PER_TURN_MAX;) {
      const offset = this.pointers.get(level) ?? 0;
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
        // Beyond the queue's end after a start that lost the end of the log: what comes next stands at that end.
        if (found.nextBeginOffset < offset) this.pointers.set(level, found.nextBeginOffset);
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

  /** A due time further away than the delay itself comes from a clock that was set back: then it is now. */
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

  /** The topic may be gone: deleted, or made just before a kill. A message that was accepted is delivered all the same. */
  private requireTopic(draft: MessageDraft): void {
    if (this.parts.topics.get(draft.topic) !== undefined) return;
    const queueNums = Math.max(RESTORED_QUEUE_NUMS, draft.queueId + 1);
    this.parts.topics.createInSendBack(draft.topic, queueNums, PermName.READ | PermName.WRITE, 0);
  }

  private advance(level: number, offset: number): void {
    if (offset <= (this.pointers.get(level) ?? 0)) return;
    this.pointers.set(level, offset);
    this.cancelSave ??= this.parts.clock.after(SAVE_INTERVAL_MS, () => this.saveWhenSafe());
  }

  private saveWhenSafe(): void {
    this.cancelSave = undefined;
    const { store, clock, file } = this.parts;
    const newest: Place = { pointers: new Map(this.pointers), endOffset: this.lastDeliveryEnd };
    const safe = [newest, this.waitingPlace].find((place) => place && place.endOffset <= store.flushedOffset);
    if (safe === newest) this.waitingPlace = undefined;
    else {
      this.waitingPlace = safe === undefined ? (this.waitingPlace ?? newest) : newest;
      this.cancelSave = clock.after(SAVE_INTERVAL_MS, () => this.saveWhenSafe());
    }
    if (safe === undefined) return;
    file.save(safe.pointers).catch(() => {
      // The disk may be full: the next delivery saves again, and until then a restart delivers again.
    });
  }
}

/** The message as it goes to its real topic; undefined when it has none, so that nobody could ever read it. */
function deliveryOf(message: MessageExt): MessageDraft | undefined {
  const properties: Record<string, string> = { ...message.properties };
  const topic = properties[MessageConst.REAL_TOPIC];
  const queueId = Number(properties[MessageConst.REAL_QUEUE_ID]);
  if (topic === undefined || !Number.isInteger(queueId) || queueId < 0) return undefined;
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
