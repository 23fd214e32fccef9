import type { LogFiles } from '../commit-log/log-files.js';
import {
  AT_MAGIC,
  MAGIC_BLANK,
  RECORD_BYTES_MIN,
  TRAILER_BYTES,
  TRAILER_NAME,
  readTrailer,
  viewOf,
} from '../record/record-layout.js';
import { verifyRecord } from '../record/record-reader.js';
import type { RecordVerdict } from '../record/record-reader.js';

const WINDOW_BYTES = 8 * 1024 * 1024;
/** What the magics of both record versions begin with. */
const MAGIC_PREFIX = Buffer.from([0xda, 0xa3, 0x20]);

export interface ScanVisitor {
  /** A valid record at `at` of `buffer`; valid during the call. */
  onRecord(buffer: Buffer, view: DataView, at: number, physicalOffset: number, size: number): void;
  /** Bytes that hold no valid record although valid ones follow, or although a whole one once stood there. */
  onDamage(
    physicalOffset: number,
    bytes: number,
    reason: RecordVerdict,
    buffer: Buffer,
    view: DataView,
    at: number,
  ): void;
}

/**
 * Walks the log record by record. What is not a valid record is stepped over by searching for the next one (magic, length,
 * own position, checksum), so that a flipped bit costs the record it hit and nothing behind it. Only where nothing valid
 * follows is the log's end.
 */
export class LogScanner {
  private window: Buffer;
  private view: DataView;
  private base = -1;
  /** Bytes of the window that stand for the file; beyond the file's real end they are zeros. */
  private bytes = 0;

  constructor(
    private readonly files: LogFiles,
    private readonly recordBytesMax: number,
  ) {
    const bytes = Math.min(Math.max(WINDOW_BYTES, 2 * recordBytesMax), files.fileBytes);
    this.window = Buffer.allocUnsafeSlow(bytes);
    this.view = viewOf(this.window);
  }

  /** Scans from a record's start; returns the end of the last record, or `until` when the scan reached it. */
  scan(from: number, until: number, visitor: ScanVisitor): number {
    let offset = from;
    while (offset < until && offset < this.files.limit) {
      const at = this.show(offset);
      const verdict = verifyRecord(this.window, this.view, at, this.bytes, offset);
      if (verdict === 'VALID') {
        const size = this.view.getInt32(at);
        visitor.onRecord(this.window, this.view, at, offset, size);
        offset += size;
        continue;
      }
      if (this.isBlank(at, offset)) {
        offset = this.fileEnd(offset);
        continue;
      }
      const next = this.findNext(offset) ?? this.wholeEnd(offset);
      if (next === undefined) break;
      this.show(offset);
      visitor.onDamage(offset, next - offset, verdict, this.window, this.view, offset - this.base);
      offset = next;
    }
    return Math.min(offset, until);
  }

  private fileEnd(offset: number): number {
    return this.files.baseOf(offset) + this.files.fileBytes;
  }

  /** One of length and magic is enough: a single flipped bit must not hide the rest of the log. */
  private isBlank(at: number, offset: number): boolean {
    const rest = this.fileEnd(offset) - offset;
    if (rest < 8) return true;
    const length = this.view.getInt32(at);
    const magic = this.view.getUint32(at + AT_MAGIC);
    return magic === MAGIC_BLANK ? length === rest || this.startsFile(this.fileEnd(offset)) : length === rest;
  }

  private startsFile(base: number): boolean {
    const held = this.base;
    const isValid = base < this.files.limit && this.isValidAt(base);
    if (held >= 0) this.show(held);
    return isValid;
  }

  /** Position of the next valid record after a bad place; undefined when there is none up to the end of the files. */
  private findNext(bad: number): number | undefined {
    const size = this.view.getInt32(this.show(bad));
    if (size >= RECORD_BYTES_MIN && size <= this.recordBytesMax && this.isValidAt(bad + size)) return bad + size;
    for (let offset = bad + 1; offset < this.files.limit; offset = this.fileEnd(offset)) {
      const found = this.findInFile(offset);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private findInFile(from: number): number | undefined {
    const end = this.fileEnd(from);
    let offset = from;
    while (offset + RECORD_BYTES_MIN <= end && !this.isPastContent(offset)) {
      const at = this.show(offset, true);
      const hit = this.window.subarray(0, this.bytes).indexOf(MAGIC_PREFIX, at + AT_MAGIC);
      if (hit < 0) {
        const searched = this.base + this.bytes - AT_MAGIC - MAGIC_PREFIX.length;
        if (searched <= offset || this.base + this.bytes >= end) return undefined;
        offset = searched;
        continue;
      }
      const candidate = this.base + hit - AT_MAGIC;
      if (this.isValidAt(candidate)) return candidate;
      offset = candidate + 1;
    }
    return undefined;
  }

  private isPastContent(offset: number): boolean {
    const found = this.files.at(offset);
    return !found || offset - found.base >= found.file.size();
  }

  private isValidAt(offset: number): boolean {
    if (offset + RECORD_BYTES_MIN > this.files.limit) return false;
    const at = this.show(offset);
    return verifyRecord(this.window, this.view, at, this.bytes, offset) === 'VALID';
  }

  /**
   * The end of a record that was written whole and damaged later: its trailer stands there. A torn record has none. It keeps
   * its place, since its queue offset may have been consumed.
   */
  private wholeEnd(bad: number): number | undefined {
    const at = this.show(bad);
    const limit = Math.min(this.bytes, at + this.recordBytesMax);
    const hit = this.window.subarray(0, limit).indexOf(TRAILER_NAME, at);
    if (hit < 0 || hit + TRAILER_BYTES > limit || readTrailer(this.window, hit) < 0) return undefined;
    return this.base + hit + TRAILER_BYTES;
  }

  /**
   * Makes the window hold the longest record that may begin at `offset`; returns the place in the window. With `any` it is
   * enough that the window holds `offset` and something to search.
   */
  private show(offset: number, any = false): number {
    const end = this.fileEnd(offset);
    const needed = Math.min(any ? RECORD_BYTES_MIN : this.recordBytesMax, end - offset);
    if (this.base < 0 || offset < this.base || offset + needed > this.base + this.bytes) {
      this.base = offset;
      this.bytes = Math.min(this.window.length, end - offset);
      const read = this.files.read(this.window, 0, this.bytes, offset);
      if (read < this.bytes) this.window.fill(0, read, this.bytes);
    }
    return offset - this.base;
  }
}
