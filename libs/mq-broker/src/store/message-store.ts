import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkpoint } from './checkpoint/checkpoint.js';
import { LogFiles } from './commit-log/log-files.js';
import { QueueTable } from './consume-queue/queue-table.js';
import type { ConsumeQueue } from './consume-queue/consume-queue.js';
import { FileCache } from './consume-queue/file-cache.js';
import { StoreLock } from './lock/store-lock.js';
import { NodeDisk } from './node-disk.js';
import { MessageReader } from './read/message-reader.js';
import { RecordSource } from './read/record-source.js';
import { RECORD_OVERHEAD_MAX } from './record/record-layout.js';
import { DamageReport } from './recovery/damage-report.js';
import { repairBlock } from './recovery/block-repair.js';
import { recoverStore } from './recovery/recover.js';
import { RetentionClock } from './retention/retention-clock.js';
import { Retention } from './retention/retention.js';
import { runtimeInfoOf } from './runtime-info.js';
import { resolveStoreOptions } from './store.options.js';
import type { MessageStoreOptions, ResolvedStoreOptions } from './store.options.js';
import type {
  AppendResult,
  AppendStatus,
  BoundaryType,
  DamagedRange,
  GetResult,
  MessageDraft,
  QueueState,
  RecordAllocator,
  TagMatcher,
} from './store.types.js';
import { StoreEngine } from './store-engine.js';
import type { Disk } from './disk.js';

/**
 * The message store: one commit log for all topics, a consume queue for each queue of each topic (RocketMQ:
 * DefaultMessageStore). One process, one event loop owns it; everything but `open` and `close` is synchronous.
 */
export class MessageStore {
  /** Called once after each write to the kernel and each sync: answers up to the new positions may leave. */
  onProgress: (() => void) | undefined;
  /** Called for each message when consumers may see it. */
  onDispatch: ((topic: string, queueId: number, queueOffset: number, tagsCode: number) => void) | undefined;
  /**
   * Called when the disk had no room for messages that were already given out: everything with an `endOffset` above
   * `writtenOffset` is undone and must be answered SERVICE_NOT_AVAILABLE.
   */
  onWithdrawn: (() => void) | undefined;
  /** Called once when a sync or write failed. Nothing is acknowledged from then on; the process should end. */
  onFatal: ((error: Error) => void) | undefined;

  private readonly engine: StoreEngine;
  private readonly reader: MessageReader;

  private constructor(
    private readonly options: ResolvedStoreOptions,
    readonly directory: string,
    disk: Disk,
    private readonly lock: StoreLock | undefined,
  ) {
    const recordBytesMax = options.maxMessageSize + RECORD_OVERHEAD_MAX;
    const files = LogFiles.open(
      disk,
      join(directory, 'commitlog'),
      options.mappedFileSizeCommitLog,
      !options.temporary,
    );
    const damage = new DamageReport(options.log);
    const repair = (queue: ConsumeQueue, first: number, end: number): boolean => {
      options.log('warn', 'A consume queue block is damaged and is built again.', { topic: queue.topic, first, end });
      const { deliverTimeOf } = options;
      repairBlock(
        queue,
        first,
        end,
        files,
        this.engine?.log.writtenOffset ?? files.limit,
        recordBytesMax,
        deliverTimeOf,
      );
      return true;
    };
    const cache = new FileCache(disk);
    const queues = new QueueTable(
      disk,
      cache,
      join(directory, 'consumequeue'),
      options.mappedFileUnitsConsumeQueue,
      repair,
    );
    const checkpointFile = new Checkpoint(disk, join(directory, 'checkpoint'));
    const checkpoint = checkpointFile.read();
    const abnormal = disk.exists(join(directory, 'abort'));
    const recovered = recoverStore({
      files,
      queues,
      damage,
      checkpoint,
      abnormal,
      recordBytesMax,
      deliverTimeOf: options.deliverTimeOf,
      log: options.log,
    });
    const clock = new RetentionClock(
      Math.max(checkpoint?.retentionTime ?? 0, recovered.storeTimestamp),
      options.now,
      options.monotonicNow,
    );
    const retention = new Retention(files, queues, clock, recordBytesMax, options);
    this.engine = new StoreEngine(
      { disk, directory, files, queues, cache, damage, checkpointFile, clock, retention, recordBytesMax },
      { ...recovered, deletedTopics: checkpoint?.deletedTopics ?? [] },
      options,
      this,
    );
    const records = new RecordSource(files, this.engine.log.tail);
    this.reader = new MessageReader(queues, records, damage, () => this.engine.bounds);
    this.engine.onFilesDeleted = () => records.forget();
  }

  /**
   * Opens and recovers.
   * @throws StoreLockedError when another process has it open, StoreCorruptedError when the files do not fit together,
   * StoreOptionsError
   */
  static async open(options: MessageStoreOptions = {}): Promise<MessageStore> {
    const resolved = resolveStoreOptions(options);
    const disk = options.disk ?? new NodeDisk();
    const directory = options.dir ?? mkdtempSync(join(tmpdir(), 'rocketshop-store-'));
    const lock = resolved.temporary ? undefined : await StoreLock.take(disk, directory);
    try {
      const store = new MessageStore(resolved, directory, disk, lock);
      await store.engine.start();
      return store;
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  /** `false` once the store has failed or is closing. */
  get isWritable(): boolean {
    return this.engine.isWritable;
  }

  /** Numbers of the last append that answered `PUT_OK`. */
  get lastAppend(): AppendResult {
    return this.engine.appender.last;
  }

  get writtenOffset(): number {
    return this.engine.log.writtenOffset;
  }

  get flushedOffset(): number {
    return this.engine.flusher.flushedOffset;
  }

  /** Consumers see what lies before: written (ASYNC_FLUSH) or durable (SYNC_FLUSH). */
  get visibleOffset(): number {
    return this.engine.visibleOffset;
  }

  /** Positions of the log's first and next byte. */
  get minPhysicalOffset(): number {
    return this.engine.log.files.minOffset;
  }

  get maxPhysicalOffset(): number {
    return this.engine.log.endOffset;
  }

  setStoreHost(host: string, port: number): void {
    this.engine.appender.setStoreHost(host, port);
  }

  /** Copies the message into this tick's slab; offsets are final, durability follows (`onProgress`). */
  append(draft: MessageDraft): AppendStatus {
    return this.engine.append(draft);
  }

  /** As `append` for messages of one queue, all or nothing, with consecutive queue offsets. */
  appendBatch(drafts: readonly MessageDraft[]): AppendStatus {
    return this.engine.appendBatch(drafts);
  }

  /** Writes this tick's messages to the kernel now instead of at the end of the tick. */
  flushTick(): void {
    this.engine.tick();
  }

  /**
   * Up to `maxCount` messages from `offset` on (RocketMQ `DefaultMessageStore.getMessage`); at least one when there is one that
   * matches. `allocate` says where they are put; a fresh buffer without it.
   */
  getMessages(
    topic: string,
    queueId: number,
    offset: number,
    maxCount: number,
    maxBytes: number = Number.MAX_SAFE_INTEGER,
    tagMatcher?: TagMatcher,
    allocate?: RecordAllocator,
  ): GetResult {
    return this.reader.getMessages(topic, queueId, offset, maxCount, maxBytes, tagMatcher, allocate);
  }

  /** The record at a position named by a client; undefined where no valid record begins. */
  lookMessage(physicalOffset: number): Buffer | undefined {
    if (!(physicalOffset >= this.minPhysicalOffset && physicalOffset < this.engine.visibleOffset)) return undefined;
    return this.reader.lookMessage(physicalOffset, this.engine.recordBytesMax);
  }

  /** 0 when there is no such queue. */
  minOffset(topic: string, queueId: number): number {
    return this.engine.queues.find(topic, queueId)?.minOffset ?? 0;
  }

  /** Offset of the next message consumers will see; 0 when there is no such queue. */
  maxOffset(topic: string, queueId: number): number {
    return this.engine.queues.find(topic, queueId)?.maxOffset ?? 0;
  }

  offsetByTime(topic: string, queueId: number, timestamp: number, boundary: BoundaryType = 'LOWER'): number {
    const queue = this.engine.queues.find(topic, queueId);
    return queue ? this.reader.offsetByTime(queue, timestamp, boundary) : 0;
  }

  /** Store time of a message, -1 when there is none. */
  storeTimeOf(topic: string, queueId: number, offset: number): number {
    const queue = this.engine.queues.find(topic, queueId);
    return queue ? this.reader.storeTimeOf(queue, offset) : -1;
  }

  /** Store time of the oldest message in a queue, -1 when there is none. */
  earliestStoreTime(topic: string, queueId: number): number {
    const queue = this.engine.queues.find(topic, queueId);
    return queue ? this.reader.firstStoreTime(queue, queue.minOffset) : -1;
  }

  /** Tells whether a position is near enough to the log's end to count as in memory (40 % of RAM). */
  isInMemory(topic: string, queueId: number, offset: number): boolean {
    const queue = this.engine.queues.find(topic, queueId);
    if (!queue || offset < queue.minOffset || offset >= queue.maxOffset || !queue.load(offset)) return false;
    return this.engine.log.endOffset - queue.physicalOffset <= this.options.memoryDistanceBytes;
  }

  queues(): Iterable<QueueState> {
    return this.engine.queues.states();
  }

  /** Forgets a topic's queues; its records leave with their files. */
  deleteTopic(topic: string): void {
    this.engine.deleteTopic(topic);
  }

  /** Places in the log found broken since the start; `damagedRecordCount` goes on when the list is full. */
  get damagedRanges(): DamagedRange[] {
    return this.engine.damage.ranges;
  }

  get damagedRecordCount(): number {
    return this.engine.damage.count;
  }

  /** Share of the disk in use, 0..1. */
  get diskUsedRatio(): number {
    return this.engine.diskWatch.usedRatio;
  }

  /** Keys of GET_BROKER_RUNTIME_INFO that are the store's. */
  runtimeInfo(): Record<string, string> {
    return runtimeInfoOf(this.engine);
  }

  /** Drains, flushes, writes a clean checkpoint and removes the abort file. */
  async close(): Promise<void> {
    await this.engine.close();
    this.lock?.release();
  }
}
