import type { CommitLog } from './commit-log/commit-log.js';
import type { Checkpointer } from './checkpoint/checkpointer.js';
import type { Flusher } from './flush/flusher.js';
import type { DiskWatch } from './retention/disk-watch.js';
import type { ResolvedStoreOptions } from './store.options.js';
import type { StoreParts } from './store-parts.js';

export interface StoreMaintenanceHooks {
  log: CommitLog;
  checkpointer: Checkpointer;
  diskWatch: DiskWatch;
  isOpen(): boolean;
  /** Up to where the log is visible and durable: no file from there on is deleted. */
  safeOffset(): number;
  onFilesDeleted(): void;
  onFailure(error: unknown, what: string): void;
}

/**
 * The periodic work of an open store: it saves consume queues, takes checkpoints and deletes expired files (RocketMQ:
 * FlushConsumeQueueService, CleanCommitLogService).
 */
export class StoreMaintenance {
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly parts: StoreParts,
    private readonly options: ResolvedStoreOptions,
    private readonly hooks: StoreMaintenanceHooks,
  ) {}

  /** Makes the files of an open store and takes the first checkpoint. */
  async start(): Promise<void> {
    const { disk, directory, files, abortFile } = this.parts;
    const { log, diskWatch, checkpointer } = this.hooks;
    abortFile.create();
    files.ensure(log.endOffset);
    if (!this.options.temporary) {
      await diskWatch.measure();
      await checkpointer.take(false);
      disk.syncDirectory(directory);
    }
    log.fillAhead();
    this.every(this.options.flushConsumeQueueIntervalMs, () => this.saveQueues());
    this.every(this.options.checkpointIntervalMs, () => this.hooks.checkpointer.takeIfMoved());
    this.every(this.options.cleanResourceIntervalMs, () => this.deleteExpiredFiles());
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Ends all background work and closes the files. Writes nothing. */
  async end(flusher: Pick<Flusher, 'stop'>): Promise<void> {
    this.stop();
    flusher.stop();
    await this.hooks.log.stopFilling();
    await this.hooks.diskWatch.stop();
    this.parts.cache.close();
    this.parts.files.close();
  }

  /** A store without room for the checkpoint closes all the same. The next start then recovers as after a crash. */
  async markClean(): Promise<void> {
    try {
      await this.hooks.checkpointer.take(true);
      this.parts.abortFile.remove();
    } catch (error) {
      this.options.log('error', 'The store could not be marked as closed well.', { error: String(error) });
    }
  }

  deleteExpiredFiles(): void {
    try {
      const deleted = this.parts.retention.run(this.hooks.diskWatch.usedRatio, this.hooks.safeOffset());
      if (deleted > 0) this.hooks.onFilesDeleted();
    } catch (error) {
      this.hooks.onFailure(error, 'the expired files');
    }
  }

  private every(intervalMs: number, action: () => void): void {
    const timer = setInterval(() => {
      if (this.hooks.isOpen()) action();
    }, intervalMs);
    timer.unref();
    this.timers.push(timer);
  }

  private saveQueues(): void {
    try {
      for (const queue of this.parts.queues.all()) queue.save();
    } catch (error) {
      this.hooks.onFailure(error, 'a consume queue');
    }
  }
}
