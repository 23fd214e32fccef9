import type { LogFiles } from '../commit-log/log-files.js';
import type { LogTail } from '../commit-log/log-tail.js';
import { verifyRecord } from '../record/record-reader.js';
import type { RecordVerdict } from '../record/record-reader.js';
import { RECORD_BYTES_MIN, viewOf } from '../record/record-layout.js';

/** Read from a file at once when records lie close together. */
const READ_BYTES = 256 * 1024;
const SIZE_BYTES = 4;

/**
 * Records by physical offset: from RAM when they are recent, else from the file, checked. `fetch` moves a cursor
 * (buffer, view, at) that is valid until the next call.
 */
export class RecordSource {
  buffer: Buffer;
  view: DataView;
  at = 0;

  private window: Buffer;
  private windowView: DataView;
  private windowBase = -1;
  private windowBytes = 0;
  private readonly head = Buffer.alloc(SIZE_BYTES);

  constructor(
    private readonly files: LogFiles,
    private readonly tail: LogTail,
  ) {
    this.window = Buffer.allocUnsafeSlow(READ_BYTES);
    this.windowView = viewOf(this.window);
    this.buffer = this.window;
    this.view = this.windowView;
  }

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
    this.load(physicalOffset, size, readUntil);
    this.buffer = this.window;
    this.view = this.windowView;
    this.at = physicalOffset - this.windowBase;
    const limit = Math.min(this.at + size, this.windowBytes);
    return verifyRecord(this.window, this.windowView, this.at, limit, physicalOffset);
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

  /** Forgets what was read: files may be another's by now. */
  forget(): void {
    this.windowBase = -1;
    this.windowBytes = 0;
  }

  private load(physicalOffset: number, size: number, readUntil: number): void {
    const inWindow =
      this.windowBase >= 0 &&
      physicalOffset >= this.windowBase &&
      physicalOffset + size <= this.windowBase + this.windowBytes;
    if (inWindow) return;
    const bytes = Math.max(size, Math.min(readUntil - physicalOffset, READ_BYTES));
    if (bytes > this.window.length) {
      this.window = Buffer.allocUnsafeSlow(bytes);
      this.windowView = viewOf(this.window);
    }
    this.windowBase = physicalOffset;
    this.windowBytes = this.files.read(this.window, 0, bytes, physicalOffset);
  }
}
