import type { MessageExt } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';

/** A message between its pull and its end. CACHED -> RUNNING -> done (consumed, or stored again for a later delivery). */
export interface CachedMessage {
  readonly message: MessageExt;
  done: boolean;
}

/** Finished entries before the first unfinished one are cut off in lots of this size. */
const COMPACTION_MIN = 512;

/**
 * What one assigned queue has pulled and not finished, in queue order. Only this object says which offset may be
 * committed: the lowest unfinished one, or where the next pull begins when nothing is unfinished.
 */
export class ProcessQueue {
  /** Set when the queue is lost, reset or the consumer stops: late results no longer count. */
  dropped = false;
  readonly createdAt = Date.now();
  lastPullAt = 0;
  lastConsumeAt = 0;
  /** Broker id the last answer suggested for the next pull; 0 is the master. */
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

  /** Where the next pull begins. */
  get nextOffset(): number {
    return this.pulledOffset;
  }

  get count(): number {
    return this.unfinished;
  }

  get bytes(): number {
    return this.unfinishedBytes;
  }

  /** Distance of the lowest unfinished offset and the last pulled one. */
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

  /** Takes over one pull: its messages in ascending order, and the offset behind everything the broker looked at. */
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
