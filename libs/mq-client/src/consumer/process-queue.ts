import type { MessageExt } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';

/** A pulled message. It is done when it was consumed, or when a broker has stored it for redelivery. */
export interface CachedMessage {
  readonly message: MessageExt;
  done: boolean;
}

/** Finished entries before the first unfinished one are removed when they are this many. */
const COMPACTION_MIN = 512;

/**
 * The pulled and unfinished messages of one assigned queue, in queue order. Only this object says which offset may be
 * committed: that of the first unfinished message, or, when all are finished, that of the next pull.
 */
export class ProcessQueue {
  /** True when the queue was released or reset. Results of its messages no longer count. */
  dropped = false;
  readonly createdAt = Date.now();
  lastPullAt = 0;
  lastConsumeAt = 0;
  /** The broker id that the last answer suggested for the next pull; 0 is the master. */
  suggestedBrokerId = 0;

  private entries: CachedMessage[] = [];
  private head = 0;
  private unfinished = 0;
  private unfinishedBytes = 0;
  private pulledOffset: number;

  constructor(
    readonly queue: MessageQueue,
    startOffset: number,
  ) {
    this.pulledOffset = startOffset;
  }

  /** The offset of the next pull. */
  get nextOffset(): number {
    return this.pulledOffset;
  }

  get count(): number {
    return this.unfinished;
  }

  get bytes(): number {
    return this.unfinishedBytes;
  }

  /** The distance between the offsets of the first unfinished message and the last pulled one. */
  get span(): number {
    const first = this.entries[this.head];
    const last = this.entries.at(-1);
    return first === undefined || last === undefined ? 0 : last.message.queueOffset - first.message.queueOffset;
  }

  get commitOffset(): number {
    return this.entries[this.head]?.message.queueOffset ?? this.pulledOffset;
  }

  get minCachedOffset(): number {
    return this.entries[this.head]?.message.queueOffset ?? 0;
  }

  get maxCachedOffset(): number {
    return this.head < this.entries.length ? (this.entries.at(-1)?.message.queueOffset ?? 0) : 0;
  }

  /** Adds the messages of one pull, in queue order. `nextOffset` is behind all messages that the broker looked at. */
  add(messages: readonly MessageExt[], nextOffset: number): CachedMessage[] {
    const added: CachedMessage[] = [];
    for (const message of messages) {
      const entry = { message, done: false };
      added.push(entry);
      this.entries.push(entry);
      this.unfinishedBytes += message.body.length;
    }
    this.unfinished += added.length;
    this.pulledOffset = nextOffset;
    return added;
  }

  finish(entry: CachedMessage): void {
    if (entry.done) return;
    entry.done = true;
    this.unfinished -= 1;
    this.unfinishedBytes -= entry.message.body.length;
    while (this.entries[this.head]?.done === true) this.head += 1;
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
    } else if (this.head >= COMPACTION_MIN && this.head * 2 >= this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }
}
