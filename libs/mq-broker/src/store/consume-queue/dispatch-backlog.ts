import type { ConsumeQueue } from './consume-queue.js';

/** Messages given out but not visible yet. Beyond this many, appends are refused: the disk does not keep up. */
const DISPATCH_BACKLOG_MAX = 262_144;

/** One appended message on its way to its consume queue. Entries are used again. */
export interface DispatchEntry {
  queue: ConsumeQueue;
  queueOffset: number;
  physicalOffset: number;
  size: number;
  tagsCode: number;
}

/**
 * Messages in log order between append and visibility. They enter their consume queue when their bytes are as safe as the
 * flush mode promises, so no consumer ever reads what a crash may take back; what the disk had no room for leaves again.
 */
export class DispatchBacklog {
  private entries: DispatchEntry[] = [];
  private head = 0;
  private tail = 0;

  get isFull(): boolean {
    return this.tail - this.head >= DISPATCH_BACKLOG_MAX;
  }

  push(queue: ConsumeQueue, queueOffset: number, physicalOffset: number, size: number, tagsCode: number): void {
    const entry = this.entries[this.tail++];
    if (!entry) {
      this.entries.push({ queue, queueOffset, physicalOffset, size, tagsCode });
      return;
    }
    entry.queue = queue;
    entry.queueOffset = queueOffset;
    entry.physicalOffset = physicalOffset;
    entry.size = size;
    entry.tagsCode = tagsCode;
  }

  /** Hands over every entry that ends at or before `offset`, oldest first. */
  drain(offset: number, visit: (entry: DispatchEntry) => void): void {
    while (this.head < this.tail) {
      const entry = this.entries[this.head] as DispatchEntry;
      if (entry.physicalOffset + entry.size > offset) break;
      this.head++;
      visit(entry);
    }
    this.compact();
  }

  /** Takes back every entry at or after `offset`, newest first. */
  withdraw(offset: number, visit: (entry: DispatchEntry) => void): void {
    while (this.head < this.tail) {
      const entry = this.entries[this.tail - 1] as DispatchEntry;
      if (entry.physicalOffset < offset) break;
      this.tail--;
      visit(entry);
    }
    this.compact();
  }

  /** Starts again at the front once everything is gone, or when the gone part is the larger one. */
  private compact(): void {
    if (this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
    } else if (this.head > 4096 && this.head > this.entries.length / 2) {
      const gone = this.entries.splice(0, this.head);
      this.entries.push(...gone.slice(0, 4096));
      this.tail -= this.head;
      this.head = 0;
    }
  }
}
