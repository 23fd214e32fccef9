import type { LogFiles } from './log-files.js';

/** Size of one write of zeros. It is small, because a sync at the same time has to write it too. */
const STEP_BYTES = 512 * 1024;
/**
 * Distance to the write position, so that the log does not reach a running step. The gap that stays unfilled reads as zeros too.
 */
const GAP_BYTES = 8 * 1024 * 1024;

/**
 * Fills log files with zeros ahead of the write position. A sync of a file that does not grow and has its blocks takes a tenth of
 * the time of a sync that writes the file system's journal (p99 0.24 ms against 2.2 ms). It also makes the next file. The writes
 * run in libuv's pool, one at a time.
 */
export class ZeroFiller {
  private readonly zeros: Buffer;
  private filledTo: number;
  private running: Promise<void> | undefined;
  private stopped = false;
  private readonly aheadBytes: number;
  private endOffset: number;
  /** Start of the running step. The log must not write beyond it, else zeros could overwrite messages. */
  barrier = Number.POSITIVE_INFINITY;

  constructor(
    private readonly files: LogFiles,
    aheadBytes: number,
    endOffset: number,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.filledTo = endOffset;
    this.endOffset = endOffset;
    // Only tests have files shorter than the gap. Filling them would make files that the log does not need yet.
    this.aheadBytes = files.fileBytes > GAP_BYTES ? aheadBytes : 0;
    this.zeros = Buffer.alloc(this.aheadBytes === 0 ? 0 : STEP_BYTES);
  }

  /** Resolves when no step is under way. */
  get idle(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /** Takes the log's new end. Returns at once. */
  follow(endOffset: number): void {
    this.endOffset = endOffset;
    if (this.running || !this.wanted()) return;
    this.running = this.fill().finally(() => {
      this.running = undefined;
    });
  }

  private wanted(): boolean {
    return !this.stopped && this.aheadBytes > 0 && this.filledTo - this.endOffset < this.aheadBytes;
  }

  private async fill(): Promise<void> {
    try {
      while (this.wanted()) await this.step();
    } catch (error) {
      this.onFailure(error);
    } finally {
      this.barrier = Number.POSITIVE_INFINITY;
    }
  }

  private async step(): Promise<void> {
    const start = Math.max(this.filledTo, this.endOffset + GAP_BYTES);
    const { base, file } = this.files.ensure(start);
    const bytes = Math.min(STEP_BYTES, this.files.fileBytes - (start - base));
    if (file.size() >= start - base + bytes) {
      this.filledTo = start + bytes;
      return;
    }
    this.barrier = start;
    this.filledTo = start + (await file.writeAsync(this.zeros, 0, bytes, start - base));
    this.barrier = Number.POSITIVE_INFINITY;
  }
}
