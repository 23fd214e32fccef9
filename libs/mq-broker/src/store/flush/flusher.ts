import type { CommitLog } from '../commit-log/commit-log.js';
import { SyncFailedError } from '../store.errors.js';
import type { ResolvedStoreOptions } from '../store.options.js';

/**
 * Makes the written log durable. One sync is under way at a time, in libuv's pool.
 *
 * - SYNC_FLUSH: a sync starts as soon as something is written. Later writes share the next sync (group commit).
 * - ASYNC_FLUSH: a sync starts every `flushIntervalMs` if anything was written.
 * - A failed sync is final: `onFailure` is called once, and no sync starts again.
 */
export class Flusher {
  flushedOffset: number;
  syncs = 0;
  private running: Promise<void> | undefined;
  private failed = false;
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: CommitLog,
    private readonly options: Pick<ResolvedStoreOptions, 'flushDiskType' | 'flushIntervalMs' | 'onSync'>,
    private readonly onFlushed: () => void,
    private readonly onFailure: (error: SyncFailedError) => void,
  ) {
    this.flushedOffset = log.writtenOffset;
    if (options.flushDiskType === 'ASYNC_FLUSH') {
      this.timer = setInterval(() => this.start(), options.flushIntervalMs);
      this.timer.unref();
    }
  }

  /** Called after each write. */
  written(): void {
    if (this.options.flushDiskType === 'SYNC_FLUSH') this.start();
  }

  /** Everything written so far is durable when this resolves, unless the sync failed. */
  async drain(): Promise<void> {
    while (!this.failed && this.flushedOffset < this.log.writtenOffset) {
      this.start();
      await this.running;
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private start(): void {
    if (this.running || this.failed || this.flushedOffset >= this.log.writtenOffset) return;
    this.running = this.run().finally(() => {
      this.running = undefined;
      if (this.options.flushDiskType === 'SYNC_FLUSH') this.start();
    });
  }

  private async run(): Promise<void> {
    const target = this.log.writtenOffset;
    const startedAt = performance.now();
    try {
      for (const { file } of this.log.takeDirty()) await file.sync();
    } catch (error) {
      this.failed = true;
      this.onFailure(new SyncFailedError('the commit log', error));
      return;
    }
    this.syncs++;
    this.options.onSync(performance.now() - startedAt);
    this.flushedOffset = target;
    this.onFlushed();
  }
}
