import type { ConsumeQueue } from './consume-queue.js';

/** Maximum of messages that are appended but not visible. Beyond it appends are refused: the disk does not keep up. */
const DISPATCH_BACKLOG_MAX = 262_144;

/** One appended message that is not in its consume queue yet. Entries are used again. */
export interface DispatchEntry {
  queue: ConsumeQueue;
  queueOffset: number;
  physicalOffset: number;
  size: number;
  tagsCode: number;
}

/**
 * The messages between append and visibility, in log order. A message enters its consume queue when its bytes are as safe as the
 * flush mode promises, so that no consumer reads a message that a crash loses. A message that the disk had no room for is removed.
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

  /** Calls `visit` for every entry that ends at or before `offset`, oldest first, and removes it. */
  drain(offset: number, visit: (entry: DispatchEntry) => void): void {
    while (this.head < this.tail) {
      const entry = this.entries[this.head] as DispatchEntry;
      if (entry.physicalOffset + entry.size > offset) break;
      this.head++;
      visit(entry);
    }
    this.compact();
  }

  /** Calls `visit` for every entry at or after `offset`, newest first, and removes it. */
  withdraw(offset: number, visit: (entry: DispatchEntry) => void): void {
    while (this.head < this.tail) {
      const entry = this.entries[this.tail - 1] as DispatchEntry;
      if (entry.physicalOffset < offset) break;
      this.tail--;
      visit(entry);
    }
    this.compact();
  }

  /** Moves the entries to the front when none is left, or when the removed part is the larger one. */
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
