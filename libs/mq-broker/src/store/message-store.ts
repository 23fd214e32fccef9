import { Checkpointer } from './checkpoint/checkpointer.js';
import { Appender } from './commit-log/appender.js';
import { CommitLog } from './commit-log/commit-log.js';
import { QueueDispatcher } from './consume-queue/queue-dispatcher.js';
import { isNoRoom } from './disk.js';
import { Flusher } from './flush/flusher.js';
import { SafeWaits } from './flush/safe-waits.js';
import { StoreLock } from './lock/store-lock.js';
import { makeTemporaryDirectory, NodeDisk } from './node-disk.js';
import { MessageReader } from './read/message-reader.js';
import type { DamageReport } from './recovery/damage-report.js';
import { DiskWatch } from './retention/disk-watch.js';
import { StoreError, WriteFailedError } from './store.errors.js';
import { resolveStoreOptions } from './store.options.js';
import type { MessageStoreOptions, ResolvedStoreOptions } from './store.options.js';
import type { AppendResult, AppendStatus, MessageDraft, QueueState } from './store.types.js';
import { runtimeInfoOf } from './runtime-info.js';
import { StoreMaintenance } from './store-maintenance.js';
import { openParts } from './store-parts.js';
import type { StoreParts } from './store-parts.js';

/**
 * The message store: one commit log for all topics, and a consume queue for each queue of each topic (RocketMQ:
 * DefaultMessageStore). One process and one event loop own it. Only `open` and `close` are asynchronous. Its modes:
 *
 *     OPEN     appends are taken, unless the disk is full
 *     CLOSING  appends are refused; what was taken is written, synced and saved
 *     FAILED   a sync or a write failed, or the store has another owner: nothing is taken, acknowledged or written; reads go on
 */
export class MessageStore {
  /** Called once after each write to the kernel and after each sync: answers up to the new offsets may leave. */
  onProgress: (() => void) | undefined;
  /** Called for each message when consumers may see it. */
  onDispatch: ((topic: string, queueId: number, queueOffset: number, tagsCode: number) => void) | undefined;
  /** Called when the disk had no room for messages that already had offsets, with an `endOffset` above `writtenOffset`: they are not stored. */
  onWithdrawn: (() => void) | undefined;
  /** Called once when the store has failed. The store acknowledges nothing from then on; the process should end. */
  onFatal: ((error: Error) => void) | undefined;
  private mode: 'OPEN' | 'CLOSING' | 'FAILED' = 'OPEN';
  private readonly log: CommitLog;
  private readonly flusher: Flusher;
  private readonly appender: Appender;
  private readonly dispatcher: QueueDispatcher;
  private readonly checkpointer: Checkpointer;
  private readonly diskWatch: DiskWatch;
  private readonly maintenance: StoreMaintenance;
  private readonly safeWaits = new SafeWaits();
  private tickScheduled = false;
  readonly reader: MessageReader;
  /** What was found broken in the log since the start. */
  readonly damage: DamageReport;
  readonly directory: string;

  private constructor(
    private readonly options: ResolvedStoreOptions,
    private readonly parts: StoreParts,
    private readonly lock: StoreLock | undefined,
  ) {
    const { files, queues, endOffset } = parts;
    if (lock) lock.onLost = this.fail;
    this.damage = parts.damage;
    this.directory = parts.directory;
    this.dispatcher = new QueueDispatcher(endOffset, (topic, queueId, queueOffset, tagsCode) =>
      this.onDispatch?.(topic, queueId, queueOffset, tagsCode),
    );
    this.diskWatch = new DiskWatch(parts, options, () => this.diskMeasured());
    this.log = new CommitLog(files, parts.recordBytesMax, endOffset, options, {
      onNoSpace: (error) => this.diskWatch.noSpace(error),
      onFillFailure: (error) => this.failUnlessFull(error, 'the commit log'),
    });
    parts.readableEnd = () => this.log.writtenOffset;
    this.flusher = new Flusher(this.log, options, this.onFlushed, this.fail);
    this.appender = new Appender(this.log, queues, this.dispatcher.backlog, parts.storeTimestamp, options);
    const { log, flusher, appender, dispatcher } = this;
    this.checkpointer = new Checkpointer(parts, { log, flusher, appender, dispatcher }, (error) =>
      this.failUnlessFull(error, 'the checkpoint'),
    );
    this.reader = new MessageReader(parts, this.log.tail, options.memoryDistanceBytes);
    this.maintenance = new StoreMaintenance(parts, options, {
      log,
      checkpointer: this.checkpointer,
      diskWatch: this.diskWatch,
      isOpen: () => this.isOwner && this.mode === 'OPEN',
      safeOffset: () => Math.min(this.visibleOffset, this.flushedOffset),
      onFilesDeleted: () => this.reader.filesDeleted(),
      onFailure: (error, what) => this.failUnlessFull(error, what),
    });
  }

  /** @throws StoreLockedError when another process has it, StoreCorruptedError when its files do not fit, StoreOptionsError */
  static async open(options: MessageStoreOptions = {}): Promise<MessageStore> {
    const resolved = resolveStoreOptions(options);
    const disk = options.disk ?? new NodeDisk();
    const directory = options.dir ?? makeTemporaryDirectory();
    const lock = resolved.temporary ? undefined : await StoreLock.take(disk, directory, { log: resolved.log });
    let store: MessageStore | undefined;
    try {
      store = new MessageStore(resolved, openParts(resolved, disk, directory), lock);
      if (!store.isOwner) throw store.failure;
      await store.maintenance.start();
      return store;
    } catch (error) {
      await store?.maintenance.end(store.flusher);
      if (resolved.temporary) disk.removeDirectory(directory);
      lock?.release();
      throw error;
    }
  }

  /** Why the store refuses everything. Undefined while it does not. */
  failure: Error | undefined;

  /** False when the store has another owner: then it has failed. Asked before anything is written or acknowledged. */
  get isOwner(): boolean {
    return this.lock?.isHeld() ?? true;
  }

  /** `false` while the disk is full, and for good once the store has failed or is closing. */
  get isWritable(): boolean {
    return this.mode === 'OPEN' && !this.diskWatch.isFull;
  }

  get lastAppend(): AppendResult {
    return this.appender.last;
  }

  /** The kernel has the log up to here: it outlives the process. */
  get writtenOffset(): number {
    return this.log.writtenOffset;
  }

  /** The disk has the log up to here: it outlives a power cut. */
  get flushedOffset(): number {
    return this.flusher.flushedOffset;
  }

  /** Consumers see the log up to here: up to `writtenOffset` (ASYNC_FLUSH) or `flushedOffset` (SYNC_FLUSH). */
  get visibleOffset(): number {
    return this.dispatcher.visibleOffset;
  }

  get minPhysicalOffset(): number {
    return this.parts.files.minOffset;
  }

  get maxPhysicalOffset(): number {
    return this.log.endOffset;
  }

  setStoreHost(host: string, port: number): void {
    this.appender.setStoreHost(host, port);
  }

  /** Copies the message into the log's tail. Its offsets are final when this returns `PUT_OK`; `onProgress` tells when it is safe. */
  append(draft: MessageDraft): AppendStatus {
    if (!this.isWritable) return 'SERVICE_NOT_AVAILABLE';
    try {
      return this.appended(this.appender.append(draft));
    } catch (error) {
      this.fail(error as Error);
      return 'SERVICE_NOT_AVAILABLE';
    }
  }

  /** As `append`, for messages of one queue: all are stored, with consecutive queue offsets, or none. */
  appendBatch(drafts: readonly MessageDraft[]): AppendStatus {
    return this.guarded(() => this.appender.appendBatch(drafts));
  }

  queues(): Iterable<QueueState> {
    return this.parts.queues.states();
  }

  /**
   * Deletes a topic's queues at once. Its records are deleted with the files that they lie in.
   * @returns true when the deletion is as safe as an acknowledged message, false when the disk could not keep it
   */
  deleteTopic(topic: string): Promise<boolean> {
    if (this.guarded(() => this.appender.appendDeletion(topic)) !== 'PUT_OK') return Promise.resolve(false);
    this.parts.queues.deleteTopic(topic);
    this.checkpointer.topicDeleted(topic, this.log.endOffset);
    return this.whenSafe(this.log.endOffset);
  }

  /** @returns true when the log is as safe up to `endOffset` as the flush mode promises, false when the disk could not keep it */
  whenSafe(endOffset: number): Promise<boolean> {
    return endOffset <= this.safeOffset ? Promise.resolve(true) : this.safeWaits.until(endOffset);
  }

  /** The keys of GET_BROKER_RUNTIME_INFO that describe the store. */
  runtimeInfo(): Record<string, string> {
    const { log, flusher, damage, diskWatch, visibleOffset } = this;
    const mode = this.mode === 'OPEN' && diskWatch.isFull ? 'DISK_FULL' : this.mode;
    return runtimeInfoOf({ log, flusher, damage, diskWatch, visibleOffset, mode });
  }

  /** Writes and syncs what was taken, writes a clean checkpoint and removes the abort file. */
  async close(): Promise<void> {
    if (this.mode === 'OPEN') this.mode = 'CLOSING';
    this.maintenance.stop();
    this.tick();
    await this.log.stopFilling();
    this.tick();
    await this.flusher.drain();
    await this.checkpointer.settled();
    if (this.isOwner && this.mode === 'CLOSING' && !this.options.temporary) await this.maintenance.markClean();
    await this.maintenance.end(this.flusher);
    if (this.options.temporary) this.parts.disk.removeDirectory(this.directory);
    this.lock?.release();
  }

  private get safeOffset(): number {
    return this.options.flushDiskType === 'SYNC_FLUSH' ? this.flushedOffset : this.writtenOffset;
  }

  private guarded(append: () => AppendStatus): AppendStatus {
    if (!this.isWritable) return 'SERVICE_NOT_AVAILABLE';
    try {
      return this.appended(append());
    } catch (error) {
      this.fail(error as Error);
      return 'SERVICE_NOT_AVAILABLE';
    }
  }

  private appended(status: AppendStatus): AppendStatus {
    if (status === 'SERVICE_NOT_AVAILABLE') this.withdraw();
    if (status === 'PUT_OK' && !this.tickScheduled) {
      this.tickScheduled = true;
      setImmediate(this.tick);
    }
    return status;
  }

  /** Writes the messages of this turn to the kernel, makes them visible (ASYNC_FLUSH) or starts their sync (SYNC_FLUSH). */
  private readonly tick = (): void => {
    this.tickScheduled = false;
    if (this.mode === 'FAILED' || !this.isOwner) return;
    try {
      if (!this.log.writePending() && this.log.blocked) {
        void this.log.unblocked().then(this.tick);
        return;
      }
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.withdraw();
    this.flusher.written();
    if (this.options.flushDiskType === 'ASYNC_FLUSH') this.makeVisible(this.log.writtenOffset);
    this.progressed();
  };

  private progressed(): void {
    this.safeWaits.settle(this.safeOffset);
    this.onProgress?.();
  }

  /** Takes back the queue offsets of messages that the disk had no room for. */
  private withdraw(): void {
    if (!this.diskWatch.isFull || this.log.pendingBytes > 0) return;
    this.safeWaits.withdraw(this.log.endOffset);
    if (this.dispatcher.takeBackFrom(this.log.endOffset)) this.onWithdrawn?.();
  }

  private readonly onFlushed = (): void => {
    if (!this.isOwner) return;
    if (this.options.flushDiskType === 'SYNC_FLUSH') this.makeVisible(this.flusher.flushedOffset);
    this.progressed();
  };

  private makeVisible(offset: number): void {
    this.reader.visibleOffset = offset;
    try {
      this.dispatcher.makeVisible(offset);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private readonly fail = (error: Error): void => {
    if (this.mode === 'FAILED') return;
    this.mode = 'FAILED';
    this.failure = error;
    this.safeWaits.withdraw(0);
    this.options.log('error', error.message, { error });
    this.onFatal?.(error);
  };

  private failUnlessFull(error: unknown, what: string): void {
    if (isNoRoom(error)) this.diskWatch.noSpace(error);
    else this.fail(error instanceof StoreError ? error : new WriteFailedError(what, error));
  }

  private diskMeasured(): void {
    if (this.mode !== 'OPEN') return;
    if (this.diskWatch.usedRatio > this.options.diskSpaceCleanForciblyRatio) this.maintenance.deleteExpiredFiles();
    if (!this.diskWatch.isFull) this.log.fillAhead();
  }
}
