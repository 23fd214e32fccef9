import type { LogFiles } from '../commit-log/log-files.js';
import type { LogTail } from '../commit-log/log-tail.js';
import { verifyRecord } from '../record/record-reader.js';
import type { RecordVerdict } from '../record/record-reader.js';
import { RECORD_BYTES_MIN, viewOf } from '../record/record-layout.js';
import { ReadWindows } from './read-windows.js';

const SIZE_BYTES = 4;

/**
 * Finds records by physical offset: recent records in RAM, older records in the file, where each of them is checked. `fetch` moves
 * a cursor (buffer, view, at), which is valid until the next call.
 */
export class RecordSource {
  private readonly windows: ReadWindows;
  private readonly head: Buffer = Buffer.alloc(SIZE_BYTES);

  buffer: Buffer = this.head;
  view = viewOf(this.head);
  at = 0;

  constructor(
    private readonly files: LogFiles,
    private readonly tail: LogTail,
  ) {
    this.windows = new ReadWindows(files, () => tail.minOffset);
  }

  /**
   * Moves the cursor to the record of `size` bytes at `physicalOffset`. `runStart` is the start of the first wanted record, `runEnd`
   * the end of the last one: they are read together.
   */
  fetch(
    physicalOffset: number,
    size: number,
    runStart = physicalOffset,
    runEnd = physicalOffset + size,
  ): RecordVerdict {
    const chunk = this.tail.find(physicalOffset, size);
    if (chunk) {
      this.buffer = chunk.buffer;
      this.view = chunk.view;
      this.at = physicalOffset - chunk.base;
      // This process wrote the record into its memory: only the position can be wrong.
      return chunk.view.getInt32(this.at) === size ? 'VALID' : 'length';
    }
    const window = this.windows.windowFor(physicalOffset, size, runStart, runEnd);
    this.buffer = window.buffer;
    this.view = window.view;
    this.at = physicalOffset - window.base;
    return verifyRecord(window.buffer, window.view, this.at, Math.min(this.at + size, window.bytes), physicalOffset);
  }

  /**
   * Moves the cursor to the record at a position that a client named, and returns its size. Returns 0 when no record begins there.
   * The record is checked even in RAM: the position may be in the middle of a body that is made to look like a record.
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

  /** Forgets the pieces of files that were read: the files may be deleted. */
  forget(): void {
    this.windows.forget();
  }
}
