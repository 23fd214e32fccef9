import { join } from 'node:path';
import { Checkpointer } from './checkpoint/checkpointer.js';
import type { CheckpointFacts } from './checkpoint/checkpointer.js';
import { Appender } from './commit-log/appender.js';
import { CommitLog } from './commit-log/commit-log.js';
import { LogTail } from './commit-log/log-tail.js';
import { ZeroFiller } from './commit-log/zero-filler.js';
import { QueueDispatcher } from './consume-queue/queue-dispatcher.js';
import type { QueueTable } from './consume-queue/queue-table.js';
import { isNoSpace } from './disk.js';
import type { EngineListener, EngineParts, EngineStart } from './engine-parts.js';
import { Flusher } from './flush/flusher.js';
import type { LogBounds } from './read/message-reader.js';
import type { DamageReport } from './recovery/damage-report.js';
import { DiskWatch } from './retention/disk-watch.js';
import { StoreError, WriteFailedError } from './store.errors.js';
import type { ResolvedStoreOptions } from './store.options.js';
import type { AppendStatus, MessageDraft } from './store.types.js';

/**
 * The writing side and everything that goes on by itself. Modes:
 *
 *     OPEN     appends are taken (unless the disk is full)
 *     CLOSING  nothing new; what was taken is written, synced and saved
 *     FAILED   a sync or write failed: nothing new, nothing acknowledged, nothing written any more; reads go on
 */
export class StoreEngine {
  readonly queues: QueueTable;
  readonly damage: DamageReport;
  readonly recordBytesMax: number;
  readonly log: CommitLog;
  readonly flusher: Flusher;
  readonly appender: Appender;
  readonly diskWatch: DiskWatch;
  readonly bounds: LogBounds;
  onFilesDeleted: () => void = () => undefined;

  private mode: 'OPEN' | 'CLOSING' | 'FAILED' = 'OPEN';
  private readonly dispatcher: QueueDispatcher;
  private readonly filler: ZeroFiller;
  private readonly timers: NodeJS.Timeout[] = [];
  private tickScheduled = false;
  private readonly checkpointer: Checkpointer;
  private readonly onTick = (): void => {
    this.tickScheduled = false;
    this.tick();
  };
  constructor(
    private readonly parts: EngineParts,
    start: EngineStart,
    private readonly options: ResolvedStoreOptions,
    private readonly listener: EngineListener,
  ) {
    const { files, queues, recordBytesMax, disk, directory } = parts;
    const { endOffset } = start;
    this.queues = queues;
    this.damage = parts.damage;
    this.recordBytesMax = recordBytesMax;
    this.dispatcher = new QueueDispatcher(endOffset, listener);
    this.bounds = { minOffset: files.minOffset, endOffset, memoryDistanceBytes: options.memoryDistanceBytes };
    this.diskWatch = new DiskWatch(
      disk,
      {
        directory,
        warningRatio: options.diskSpaceWarningLevelRatio,
        intervalMs: options.diskCheckIntervalMs,
        resumeBytes: options.slabBytesMax + recordBytesMax,
        log: options.log,
      },
      () => this.lookedAtDisk(),
    );
    const tail = new LogTail(
      options.tailBytesMax,
      Math.min(recordBytesMax, options.mappedFileSizeCommitLog),
      endOffset,
      options.poisonReleasedSlabs,
    );
    this.filler = new ZeroFiller(files, options.zeroFillAheadBytes, endOffset, (error) =>
      this.failUnlessFull(error, 'the commit log'),
    );
    this.log = new CommitLog(files, tail, this.filler, endOffset, (error) => this.diskWatch.noSpace(error));
    this.flusher = new Flusher(
      this.log,
      options.flushDiskType,
      options.flushIntervalMs,
      () => this.flushed(),
      (error) => this.fail(error),
    );
    this.appender = new Appender(this.log, queues, this.dispatcher.backlog, start.storeTimestamp, options);
    this.appender.setStoreHost(options.storeHost.host, options.storeHost.port);
    this.checkpointer = new Checkpointer(
      parts.checkpointFile,
      queues,
      start.deletedTopics,
      () => this.checkpointFacts(),
      () => this.flusher.drain(),
      (error) => this.failUnlessFull(error, 'the checkpoint'),
    );
  }

  get visibleOffset(): number {
    return this.dispatcher.visibleOffset;
  }

  get isWritable(): boolean {
    return this.mode === 'OPEN' && !this.diskWatch.isFull;
  }

  /** Marks the store as in use; a start that finds the mark knows that the last process did not end well. */
  async start(): Promise<void> {
    const { disk, directory, files } = this.parts;
    disk.open(join(directory, 'abort'), true).close();
    files.ensure(this.log.endOffset);
    if (!this.options.temporary) {
      await this.diskWatch.look();
      await this.checkpointer.take(false);
      disk.syncDirectory(directory);
    }
    this.filler.follow(this.log.endOffset);
    this.every(this.options.flushConsumeQueueIntervalMs, () => this.saveQueues());
    this.every(this.options.checkpointIntervalMs, () => this.checkpointer.takeIfMoved());
    this.every(this.options.cleanResourceIntervalMs, () => this.clean());
  }

  append(draft: MessageDraft): AppendStatus {
    if (!this.isWritable) return 'SERVICE_NOT_AVAILABLE';
    try {
      return this.appended(this.appender.append(draft));
    } catch (error) {
      return this.appendFailed(error);
    }
  }

  appendBatch(drafts: readonly MessageDraft[]): AppendStatus {
    if (!this.isWritable) return 'SERVICE_NOT_AVAILABLE';
    try {
      return this.appended(this.appender.appendBatch(drafts));
    } catch (error) {
      return this.appendFailed(error);
    }
  }

  /** Writes what the tick collected, makes it visible (ASYNC_FLUSH) or has it synced (SYNC_FLUSH), and tells. */
  tick(): void {
    if (this.mode === 'FAILED') return;
    try {
      if (!this.log.writePending() && this.log.blocked) {
        void this.log.unblocked().then(() => this.tick());
        return;
      }
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.settle();
    this.flusher.written();
    if (this.options.flushDiskType === 'ASYNC_FLUSH') this.makeVisible(this.log.writtenOffset);
    this.listener.onProgress?.();
  }

  deleteTopic(topic: string): void {
    if (this.queues.deleteTopic(topic)) this.checkpointer.topicDeleted(topic, this.log.endOffset);
  }

  async close(): Promise<void> {
    if (this.mode === 'OPEN') this.mode = 'CLOSING';
    for (const timer of this.timers) clearInterval(timer);
    this.tick();
    await this.filler.stop();
    this.tick();
    await this.flusher.drain();
    this.flusher.stop();
    await this.diskWatch.stop();
    await this.checkpointer.settled();
    const { disk, directory, files, cache } = this.parts;
    if (this.mode === 'CLOSING' && !this.options.temporary) await this.markClean();
    cache.close();
    files.close();
    if (this.options.temporary) disk.removeDirectory(directory);
  }

  /** What the store is doing, in a word. */
  get state(): 'OPEN' | 'DISK_FULL' | 'CLOSING' | 'FAILED' {
    return this.mode === 'OPEN' && this.diskWatch.isFull ? 'DISK_FULL' : this.mode;
  }

  /** Without room for the note the store closes all the same; the next start then recovers as after a crash. */
  private async markClean(): Promise<void> {
    const { disk, directory } = this.parts;
    try {
      await this.checkpointer.take(true);
      disk.unlink(join(directory, 'abort'));
      disk.syncDirectory(directory);
    } catch (error) {
      this.options.log('error', 'The store could not be marked as closed well.', { error: String(error) });
    }
  }

  private appended(status: AppendStatus): AppendStatus {
    if (status === 'PUT_OK') this.scheduleTick();
    else if (status === 'SERVICE_NOT_AVAILABLE') this.settle();
    return status;
  }

  private appendFailed(error: unknown): AppendStatus {
    this.fail(error as Error);
    return 'SERVICE_NOT_AVAILABLE';
  }

  private scheduleTick(): void {
    if (this.tickScheduled) return;
    this.tickScheduled = true;
    setImmediate(this.onTick);
  }

  /** Gives back queue offsets of messages the disk had no room for. */
  private settle(): void {
    if (!this.diskWatch.isFull || this.log.pendingBytes > 0) return;
    if (this.dispatcher.takeBackFrom(this.log.endOffset)) this.listener.onWithdrawn?.();
  }

  private flushed(): void {
    if (this.options.flushDiskType === 'SYNC_FLUSH') this.makeVisible(this.flusher.flushedOffset);
    this.listener.onProgress?.();
  }

  private makeVisible(offset: number): void {
    this.bounds.endOffset = offset;
    try {
      this.dispatcher.makeVisible(offset);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    if (this.mode === 'FAILED') return;
    this.mode = 'FAILED';
    this.options.log('error', error.message, { error });
    this.listener.onFatal?.(error);
  }

  private failUnlessFull(error: unknown, what: string): void {
    if (isNoSpace(error)) this.diskWatch.noSpace(error);
    else this.fail(error instanceof StoreError ? error : new WriteFailedError(what, error));
  }

  private checkpointFacts(): CheckpointFacts {
    return {
      endOffset: this.log.endOffset,
      visibleOffset: this.visibleOffset,
      minOffset: this.parts.files.minOffset,
      storeTimestamp: this.appender.lastStoreTimestamp,
      retentionTime: this.parts.clock.read(),
    };
  }

  private every(intervalMs: number, action: () => void): void {
    const timer = setInterval(() => {
      if (this.mode === 'OPEN') action();
    }, intervalMs);
    timer.unref();
    this.timers.push(timer);
  }

  private saveQueues(): void {
    try {
      for (const queue of this.queues.all()) queue.save();
    } catch (error) {
      this.failUnlessFull(error, 'a consume queue');
    }
  }

  private lookedAtDisk(): void {
    if (this.mode !== 'OPEN') return;
    if (this.diskWatch.usedRatio > this.options.diskSpaceCleanForciblyRatio) this.clean();
    if (!this.diskWatch.isFull) this.filler.follow(this.log.endOffset);
  }

  private clean(): void {
    const deleted = this.parts.retention.run(
      this.diskWatch.usedRatio,
      Math.min(this.visibleOffset, this.flusher.flushedOffset),
    );
    if (deleted === 0) return;
    this.bounds.minOffset = this.parts.files.minOffset;
    this.onFilesDeleted();
  }
}
