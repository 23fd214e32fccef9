import { isNoRoom } from '../disk.js';
import { BLANK_BYTES, MAGIC_BLANK } from '../record/record-layout.js';
import { WriteFailedError } from '../store.errors.js';
import type { LogFile, LogFiles } from './log-files.js';
import type { ResolvedStoreOptions } from '../store.options.js';
import { LogTail } from './log-tail.js';
import type { TailChunk } from './log-tail.js';
import { ZeroFiller } from './zero-filler.js';

export interface CommitLogHooks {
  /** A write met the end of the disk. Messages beyond the written offset may have been withdrawn. */
  onNoSpace(error: unknown): void;
  /** Filling a file ahead of the write position failed. */
  onFillFailure(error: unknown): void;
}

type Reservation = 'READY' | 'TOO_LARGE' | 'UNAVAILABLE';

/**
 * The writing end of the log. It has three positions, in this order:
 *
 *     flushed (durable)  <=  written (in the kernel: outlives the process)  <=  end (offsets given out, in the tail only)
 *
 * `reserve` finds room and rolls files, `advance` takes the room, `writePending` moves everything up to `end` to the kernel
 * in one positional write. When the disk is full, everything beyond `written` is withdrawn.
 */
export class CommitLog {
  writtenOffset: number;
  /** Files written since they were last taken for a sync. */
  private dirty = new Set<LogFile>();

  readonly tail: LogTail;
  private readonly filler: ZeroFiller;

  constructor(
    readonly files: LogFiles,
    recordBytesMax: number,
    public endOffset: number,
    options: Pick<ResolvedStoreOptions, 'tailBytesMax' | 'poisonReleasedSlabs' | 'zeroFillAheadBytes'>,
    private readonly hooks: CommitLogHooks,
  ) {
    this.writtenOffset = endOffset;
    this.tail = new LogTail(
      options.tailBytesMax,
      Math.min(recordBytesMax, files.fileBytes),
      endOffset,
      options.poisonReleasedSlabs,
    );
    this.filler = new ZeroFiller(files, options.zeroFillAheadBytes, endOffset, (error) => hooks.onFillFailure(error));
  }

  get chunk(): TailChunk {
    return this.tail.current;
  }

  get pendingBytes(): number {
    return this.endOffset - this.writtenOffset;
  }

  /** After `READY` the bytes go to `chunk.buffer` at `chunk.used`. */
  reserve(bytes: number): Reservation {
    const { files, tail } = this;
    if (bytes + BLANK_BYTES > files.fileBytes || bytes > this.chunk.buffer.length) return 'TOO_LARGE';
    const fileEnd = files.baseOf(this.endOffset) + files.fileBytes;
    if (bytes + BLANK_BYTES > fileEnd - this.endOffset) return this.roll(fileEnd) ? 'READY' : 'UNAVAILABLE';
    if (tail.room() >= bytes) return 'READY';
    if (!this.writePending()) return 'UNAVAILABLE';
    tail.begin(this.endOffset);
    return 'READY';
  }

  advance(bytes: number): void {
    this.chunk.used += bytes;
    this.endOffset += bytes;
  }

  /** False when the write has to wait for the zero filler, or when the disk is full: then everything pending may be withdrawn. */
  writePending(): boolean {
    const bytes = this.pendingBytes;
    if (bytes === 0) return true;
    if (this.endOffset > this.filler.barrier) return false;
    const { chunk } = this;
    const start = this.writtenOffset - chunk.base;
    let written = 0;
    try {
      const target = this.files.ensure(this.writtenOffset);
      const position = this.writtenOffset - target.base;
      this.dirty.add(target);
      while (written < bytes) {
        const count = target.file.write(chunk.buffer, start + written, bytes - written, position + written);
        if (count === 0) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
        written += count;
      }
    } catch (error) {
      if (!isNoRoom(error)) throw new WriteFailedError('the commit log', error);
      this.withdraw(written);
      this.hooks.onNoSpace(error);
      return false;
    }
    this.writtenOffset = this.endOffset;
    this.filler.follow(this.endOffset);
    return true;
  }

  /** True when `writePending` has to wait for the zero filler's step. */
  get blocked(): boolean {
    return this.endOffset > this.filler.barrier;
  }

  async unblocked(): Promise<void> {
    await this.filler.idle;
  }

  /** Lets the zero filler go on ahead of the write position, in the background. */
  fillAhead(): void {
    this.filler.follow(this.endOffset);
  }

  /** Resolves when the zero filler writes no more. */
  stopFilling(): Promise<void> {
    return this.filler.stop();
  }

  /** The files written since the last call. */
  takeDirty(): LogFile[] {
    const files = [...this.dirty];
    this.dirty = new Set();
    return files;
  }

  /** Ends the file with a blank record (CommitLog.java: `BLANK_MAGIC_CODE`) and goes on in the next file. */
  private roll(fileEnd: number): boolean {
    if (this.blocked || fileEnd > this.filler.barrier) return false;
    try {
      this.files.ensure(fileEnd);
    } catch (error) {
      if (!isNoRoom(error)) throw new WriteFailedError('the commit log', error);
      this.hooks.onNoSpace(error);
      return false;
    }
    if (this.tail.room() < BLANK_BYTES) {
      if (!this.writePending()) return false;
      this.tail.begin(this.endOffset);
    }
    const { view, used } = this.chunk;
    view.setInt32(used, fileEnd - this.endOffset);
    view.setUint32(used + 4, MAGIC_BLANK);
    this.advance(BLANK_BYTES);
    if (!this.writePending()) return false;
    this.writtenOffset = fileEnd;
    this.endOffset = fileEnd;
    this.tail.begin(fileEnd);
    return true;
  }

  /** Forgets the bytes that were not written, and overwrites the part that was with zeros, so that no half record is left. */
  private withdraw(written: number): void {
    if (written > 0) {
      const { base, file } = this.files.ensure(this.writtenOffset);
      try {
        file.write(Buffer.alloc(written), 0, written, this.writtenOffset - base);
      } catch (error) {
        throw new WriteFailedError('the commit log', error);
      }
    }
    this.chunk.used = this.writtenOffset - this.chunk.base;
    this.endOffset = this.writtenOffset;
  }
}
