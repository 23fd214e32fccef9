import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isOutOfFiles } from '../disk.js';
import type { Disk, DiskFile } from '../disk.js';
import { readInt64, viewOf, writeInt64 } from '../record/record-layout.js';

/**
 * The journal behind the offset table. One entry, big-endian:
 *
 *     u16 length of what follows the checksum   u32 CRC-32 of it
 *     i64 offset   i32 queueId   u16 key length   key (`topic@group`, UTF-8)
 *
 * queueId -1 removes the whole key. Files are `<name>.<sequence>`; a new one begins with each snapshot, which names the first
 * file to be replayed on top of it.
 */
const PREFIX_BYTES = 6;
const FIXED_BYTES = 14;
export const REMOVED = -1;

/** Entries of one tick are collected up to this size before they are written. */
const PENDING_BYTES_MAX = 64 * 1024;

export interface JournalEntry {
  key: string;
  queueId: number;
  offset: number;
}

export class OffsetJournal {
  private file: DiskFile | undefined;
  private position = 0;
  private pending = Buffer.allocUnsafe(PENDING_BYTES_MAX);
  private view = viewOf(this.pending);
  private pendingBytes = 0;
  sequence = 0;

  constructor(
    private readonly disk: Disk,
    private readonly directory: string,
    private readonly name: string,
  ) {}

  /** Bytes in the current file, written or not. */
  get bytes(): number {
    return this.position + this.pendingBytes;
  }

  /** Sequences of the files that are there, oldest first. */
  sequences(): number[] {
    const prefix = `${this.name}.`;
    return this.disk
      .list(this.directory)
      .filter((file) => file.startsWith(prefix) && /^\d+$/.test(file.slice(prefix.length)))
      .map((file) => Number(file.slice(prefix.length)))
      .toSorted((a, b) => a - b);
  }

  /**
   * The entries of one file. A broken entry loses itself only: the next one is searched from its first byte on, since its length may
   * be what is broken. `problem` says how much was passed over, but does not count zeros at the end, which a power cut leaves. A file
   * that cannot be read at all is put out of the way.
   */
  replay(sequence: number): { entries: JournalEntry[]; problem?: string } {
    const path = this.pathOf(sequence);
    try {
      const { entries, brokenBytes } = entriesIn(this.disk.readFile(path) ?? Buffer.alloc(0));
      return brokenBytes === 0 ? { entries } : { entries, problem: `has ${brokenBytes} broken bytes` };
    } catch (error) {
      if (isOutOfFiles(error)) throw error;
      this.disk.rename(path, `${path}.broken`);
      return { entries: [], problem: `cannot be read (${String(error)})` };
    }
  }

  /** Starts the file `sequence`; what was not written yet goes to the old one, or into the snapshot that is about to be taken. */
  begin(sequence: number): void {
    if (!this.tryFlush()) this.pendingBytes = 0;
    this.disk.unlink(this.pathOf(sequence));
    // Opened before the old one is closed: when that fails, commits go on to the old one.
    const file = this.disk.open(this.pathOf(sequence), true);
    this.file?.close();
    this.file = file;
    this.sequence = sequence;
    this.position = 0;
  }

  /** False when there is no room: the disk refuses what was collected before. */
  add(key: string, queueId: number, offset: number): boolean {
    const keyBytes = Buffer.byteLength(key);
    const length = FIXED_BYTES + keyBytes;
    if (this.pendingBytes + PREFIX_BYTES + length > this.pending.length && !this.tryFlush()) return false;
    const at = this.pendingBytes;
    const start = at + PREFIX_BYTES;
    writeInt64(this.view, start, offset);
    this.view.setInt32(start + 8, queueId);
    this.view.setUint16(start + 12, keyBytes);
    this.pending.write(key, start + FIXED_BYTES, 'utf8');
    this.view.setUint16(at, length);
    this.view.setUint32(at + 2, crc32(this.pending.subarray(start, start + length)));
    this.pendingBytes = start + length;
    return true;
  }

  /** Moves collected entries to the kernel. Throws what the disk throws; the entries then stay collected. */
  flush(): void {
    if (!this.file || this.pendingBytes === 0) return;
    const written = this.file.write(this.pending, 0, this.pendingBytes, this.position);
    if (written < this.pendingBytes) throw Object.assign(new Error('short write to the journal'), { code: 'ENOSPC' });
    this.position += this.pendingBytes;
    this.pendingBytes = 0;
  }

  /** As `flush`, false instead of an error. */
  tryFlush(): boolean {
    try {
      this.flush();
      return true;
    } catch {
      return false;
    }
  }

  async sync(): Promise<void> {
    await this.file?.sync();
  }

  remove(sequence: number): void {
    this.disk.unlink(this.pathOf(sequence));
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  pathOf(sequence: number): string {
    return join(this.directory, `${this.name}.${sequence}`);
  }
}

/** All whole entries with the right checksum, and the number of bytes that belong to none. */
function entriesIn(bytes: Buffer): { entries: JournalEntry[]; brokenBytes: number } {
  const view = viewOf(bytes);
  const entries: JournalEntry[] = [];
  let brokenBytes = 0;
  let at = 0;
  for (let next = at; next < bytes.length;) {
    const end = endOfEntry(bytes, view, next);
    if (end === undefined) {
      next++;
      continue;
    }
    entries.push(entryAt(bytes, view, next + PREFIX_BYTES, end));
    brokenBytes += next - at;
    at = next = end;
  }
  const tail = bytes.subarray(at);
  return { entries, brokenBytes: brokenBytes + tail.length - zerosAtEnd(tail) };
}

/** The position after the entry at `at`; undefined when no whole entry with the right checksum is there. */
function endOfEntry(bytes: Buffer, view: DataView, at: number): number | undefined {
  const start = at + PREFIX_BYTES;
  if (start + FIXED_BYTES > bytes.length) return undefined;
  const length = view.getUint16(at);
  const end = start + length;
  // The two lengths agree at few wrong places, which saves most checksums.
  if (end > bytes.length || view.getUint16(start + 12) !== length - FIXED_BYTES) return undefined;
  return crc32(bytes.subarray(start, end)) === view.getUint32(at + 2) ? end : undefined;
}

function entryAt(bytes: Buffer, view: DataView, start: number, end: number): JournalEntry {
  return {
    offset: readInt64(view, start),
    queueId: view.getInt32(start + 8),
    key: bytes.toString('utf8', start + FIXED_BYTES, end),
  };
}

function zerosAtEnd(bytes: Buffer): number {
  let count = 0;
  while (count < bytes.length && bytes[bytes.length - 1 - count] === 0) count++;
  return count;
}
