import type { LogFiles } from '../commit-log/log-files.js';
import type { LogTail } from '../commit-log/log-tail.js';
import { verifyRecord } from '../record/record-reader.js';
import type { RecordVerdict } from '../record/record-reader.js';
import { RECORD_BYTES_MIN, viewOf } from '../record/record-layout.js';

/** Read from a file at once when records lie close together. */
const READ_BYTES = 256 * 1024;
const SIZE_BYTES = 4;

/** Pieces of files kept, for consumers at different places. */
const WINDOWS = 4;

/** A piece of a file as it was read: only bytes that were written before, so it never gets out of date. */
class ReadWindow {
  buffer: Buffer = Buffer.allocUnsafeSlow(0);
  view = viewOf(this.buffer);
  base = 0;
  bytes = 0;
  lastUse = 0;

  holds(physicalOffset: number, size: number): boolean {
    return physicalOffset >= this.base && physicalOffset + size <= this.base + this.bytes;
  }

  load(files: LogFiles, physicalOffset: number, bytes: number): void {
    if (bytes > this.buffer.length) {
      this.buffer = Buffer.allocUnsafeSlow(Math.max(bytes, READ_BYTES));
      this.view = viewOf(this.buffer);
    }
    this.base = physicalOffset;
    this.bytes = files.read(this.buffer, 0, bytes, physicalOffset);
  }
}

/**
 * Records by physical offset: from RAM when they are recent, else from the file, checked. `fetch` moves a cursor
 * (buffer, view, at) that is valid until the next call.
 */
export class RecordSource {
  private readonly windows = Array.from({ length: WINDOWS }, () => new ReadWindow());
  private readonly head: Buffer = Buffer.alloc(SIZE_BYTES);
  private uses = 0;

  buffer: Buffer = this.head;
  view = viewOf(this.head);
  at = 0;

  constructor(
    private readonly files: LogFiles,
    private readonly tail: LogTail,
  ) {}

  /**
   * Moves to the record of `size` bytes at `physicalOffset`. `readUntil` is where the last record wanted in this call ends:
   * everything up to there that fits is read with one system call.
   */
  fetch(physicalOffset: number, size: number, readUntil = physicalOffset + size): RecordVerdict {
    const chunk = this.tail.find(physicalOffset, size);
    if (chunk) {
      this.buffer = chunk.buffer;
      this.view = chunk.view;
      this.at = physicalOffset - chunk.base;
      // Written by this process and never out of its memory: the position is the only thing that can be wrong.
      return chunk.view.getInt32(this.at) === size ? 'VALID' : 'length';
    }
    const window = this.windowFor(physicalOffset, size, readUntil);
    this.buffer = window.buffer;
    this.view = window.view;
    this.at = physicalOffset - window.base;
    return verifyRecord(window.buffer, window.view, this.at, Math.min(this.at + size, window.bytes), physicalOffset);
  }

  /**
   * Moves to whatever record begins at a position somebody outside named, and returns its size; 0 when none does. Nothing is
   * taken on trust here, not even RAM: the position may be the middle of a body made to look like a record.
   */
  fetchUnknown(physicalOffset: number, recordBytesMax: number): number {
    const size = this.sizeAt(physicalOffset);
    if (size < RECORD_BYTES_MIN || size > recordBytesMax) return 0;
    if (this.fetch(physicalOffset, size) !== 'VALID') return 0;
    return verifyRecord(this.buffer, this.view, this.at, this.at + size, physicalOffset) === 'VALID' ? size : 0;
  }

  private sizeAt(physicalOffset: number): number {
    const chunk = this.tail.find(physicalOffset, SIZE_BYTES);
    if (chunk) return chunk.view.getInt32(physicalOffset - chunk.base);
    return this.files.read(this.head, 0, SIZE_BYTES, physicalOffset) < SIZE_BYTES ? 0 : this.head.readInt32BE(0);
  }

  /** Forgets what was read: the files may be gone. */
  forget(): void {
    for (const window of this.windows) window.bytes = 0;
  }

  private windowFor(physicalOffset: number, size: number, readUntil: number): ReadWindow {
    let oldest = this.windows[0] as ReadWindow;
    for (const window of this.windows) {
      if (window.holds(physicalOffset, size)) {
        window.lastUse = ++this.uses;
        return window;
      }
      if (window.lastUse < oldest.lastUse) oldest = window;
    }
    oldest.lastUse = ++this.uses;
    oldest.load(this.files, physicalOffset, Math.max(size, Math.min(readUntil - physicalOffset, READ_BYTES)));
    return oldest;
  }
}
