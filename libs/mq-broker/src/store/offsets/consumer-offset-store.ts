import { join } from 'node:path';
import type { ConfigFile } from '../config/config-file.js';
import type { Disk } from '../disk.js';
import { NodeDisk } from '../node-disk.js';
import type { Logger } from '../../logger.js';
import { OffsetJournal, REMOVED } from './offset-journal.js';
import { OffsetTable } from './offset-table.js';
import type { ConsumerOffset } from './offset-table.js';
import { openSnapshotFile } from './snapshot-file.js';
import type { OffsetSnapshot } from './snapshot-file.js';

export interface ConsumerOffsetStoreOptions {
  /** Folder of `consumerOffset.json` and its journal: the store's `config`. */
  directory: string;
  /** File name without extension. @default 'consumerOffset' */
  name?: string;
  /** Time between snapshots; nothing is written when nothing changed. @default 5000 */
  snapshotIntervalMs?: number;
  /** Time between syncs of the journal. @default 500 */
  syncIntervalMs?: number;
  /** A snapshot is taken at the latest when the journal has this size. @default 16 MiB */
  journalBytesMax?: number;
  log?: Logger;
  disk?: Disk;
}

/**
 * Committed offsets. A commit is in the table at once, and in the journal in the kernel before the tick ends, so that a
 * killed broker never hands out an older offset than it confirmed; the JSON file is only a snapshot of the table. Going
 * back on purpose (a reset) is a commit like any other: the journal is replayed in order and the last entry wins.
 */
export class ConsumerOffsetStore {
  private readonly table = new OffsetTable();
  private readonly journal: OffsetJournal;
  private readonly file: ConfigFile<OffsetSnapshot>;
  private timers: NodeJS.Timeout[] = [];
  /** The first journal that the last snapshot does not contain. */
  private firstJournal = 0;
  private flushScheduled = false;
  private dirty = false;
  private isRefused = false;
  private syncing = false;
  private syncedBytes = 0;
  private snapshotting: Promise<void> | undefined;

  private constructor(private readonly options: Required<ConsumerOffsetStoreOptions>) {
    const { directory, name, disk, log } = options;
    this.journal = new OffsetJournal(disk, directory, `${name}.journal`);
    this.file = openSnapshotFile(join(directory, `${name}.json`), { disk, log });
  }

  /**
   * Reads the snapshot and replays the journal.
   * @throws ConfigFileBrokenError when neither the snapshot nor its backup can be read
   */
  static open(options: ConsumerOffsetStoreOptions): ConsumerOffsetStore {
    const store = new ConsumerOffsetStore({
      name: 'consumerOffset',
      snapshotIntervalMs: 5000,
      syncIntervalMs: 500,
      journalBytesMax: 16 * 1024 * 1024,
      log: () => undefined,
      disk: new NodeDisk(),
      ...options,
    });
    store.recover();
    store.startTimers();
    return store;
  }

  commit(group: string, topic: string, queueId: number, offset: number): void {
    const key = `${topic}@${group}`;
    if (this.table.get(key)?.get(queueId) === offset) return;
    this.table.set(key, queueId, offset);
    this.record(key, queueId, offset);
  }

  /** -1 when nothing is committed. */
  query(group: string, topic: string, queueId: number): number {
    return this.table.get(`${topic}@${group}`)?.get(queueId) ?? -1;
  }

  /** Queue id -> offset of one group and topic. */
  queryAll(group: string, topic: string): ReadonlyMap<number, number> | undefined {
    return this.table.get(`${topic}@${group}`);
  }

  removeGroup(group: string): void {
    this.remove(this.table.keysOfGroup(group));
  }

  removeTopic(topic: string): void {
    this.remove(this.table.keysOfTopic(topic));
  }

  entries(): IterableIterator<ConsumerOffset> {
    return this.table.entries();
  }

  /** The topics in which a group has a committed offset. */
  topicsOf(group: string): string[] {
    return this.table.topicsOf(group);
  }

  /** The groups that have a committed offset in a topic. */
  groupsOf(topic: string): string[] {
    return this.table.groupsOf(topic);
  }

  /**
   * After a start that lost the end of the log: an offset beyond what a queue holds would skip the messages that will be
   * stored there next. Returns what was pulled back.
   */
  pullBack(maxOffsetOf: (topic: string, queueId: number) => number | undefined): ConsumerOffset[] {
    const pulled: ConsumerOffset[] = [];
    for (const entry of this.entries()) {
      const maxOffset = maxOffsetOf(entry.topic, entry.queueId);
      if (maxOffset !== undefined && entry.offset > maxOffset) pulled.push({ ...entry, offset: maxOffset });
    }
    for (const { group, topic, queueId, offset } of pulled) this.commit(group, topic, queueId, offset);
    return pulled;
  }

  /** `consumerOffset.json` as RocketMQ writes it, for GET_ALL_CONSUMER_OFFSET too. */
  toTable(): Record<string, Record<string, number>> {
    return this.table.toJson();
  }

  /**
   * Moves commits of this tick to the kernel now, for a caller that wants to answer them. False when the disk refused: they
   * are kept and tried again, and a crash before that loses them.
   */
  flush(): boolean {
    const isFlushed = this.journal.tryFlush();
    if (isFlushed === this.isRefused) {
      this.isRefused = !isFlushed;
      if (this.isRefused) this.options.log('error', 'The disk refuses committed offsets; they are in memory only.');
      else this.options.log('info', 'Committed offsets reach the disk again.');
    }
    return isFlushed;
  }

  /**
   * Resolves when every change made so far outlives the process, and with `isSync` a power cut too.
   * @throws what the disk throws: neither the journal nor a snapshot could be written
   */
  async saved(isSync: boolean): Promise<void> {
    let isSafe = this.flush();
    if (isSafe && isSync) {
      isSafe = await this.journal.sync().then(
        () => true,
        () => false,
      );
    }
    if (isSafe) return;
    this.dirty = true;
    await this.snapshot();
  }

  /** Writes the JSON file and starts a new journal. One at a time. */
  snapshot(): Promise<void> {
    if (!this.dirty) return this.snapshotting ?? Promise.resolve();
    if (this.snapshotting) return this.snapshotting.then(() => this.snapshot());
    this.snapshotting = this.writeSnapshot().finally(() => {
      this.snapshotting = undefined;
    });
    return this.snapshotting;
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.flush();
    await this.snapshot();
    this.journal.close();
  }

  private async writeSnapshot(): Promise<void> {
    this.dirty = false;
    const ended = this.journal.sequence;
    this.journal.begin(ended + 1);
    try {
      await this.file.write({ offsetTable: this.toTable(), journal: ended + 1 });
    } catch (error) {
      this.dirty = true;
      throw error;
    }
    // Should the new snapshot turn out broken, the one before it needs its journals. There may be several, one for each start.
    for (const sequence of this.journal.sequences()) if (sequence < this.firstJournal) this.journal.remove(sequence);
    this.firstJournal = ended + 1;
  }

  private recover(): void {
    this.options.disk.makeDirectory(this.options.directory);
    const { value } = this.file.read();
    for (const [key, queues] of Object.entries(value?.offsetTable ?? {})) {
      for (const [queueId, offset] of Object.entries(queues)) this.table.set(key, Number(queueId), offset);
    }
    const sequences = this.journal.sequences();
    this.firstJournal = value?.journal ?? 0;
    this.reportMissing(value, sequences);
    for (const sequence of sequences) if (sequence >= (value?.journal ?? 0)) this.replay(sequence);
    this.dirty = this.table.size > 0;
    this.journal.begin(Math.max(value?.journal ?? 0, ...sequences, 0) + 1);
  }

  private replay(sequence: number): void {
    const { entries, problem } = this.journal.replay(sequence);
    for (const { key, queueId, offset } of entries) {
      if (queueId === REMOVED) this.table.delete(key);
      else this.table.set(key, queueId, offset);
    }
    const path = this.journal.pathOf(sequence);
    if (problem) this.options.log('warn', `${path} ${problem}; the commits in them are lost, all others are used.`);
  }

  /** A snapshot names its first journal, and a journal other than the first one follows a snapshot. */
  private reportMissing(snapshot: OffsetSnapshot | undefined, sequences: readonly number[]): void {
    const { log } = this.options;
    const first = snapshot?.journal;
    if (first !== undefined && !sequences.includes(first)) {
      log('warn', `${this.journal.pathOf(first)} is missing; commits since the last snapshot are lost.`);
    }
    if (snapshot === undefined && (sequences[0] ?? 1) > 1) {
      log('warn', `${this.file.path} is missing, and so is its backup; only the commits of the journal are known.`);
    }
  }

  private startTimers(): void {
    const { snapshotIntervalMs, syncIntervalMs } = this.options;
    this.timers = [
      setInterval(() => this.snapshotOrReport(), snapshotIntervalMs),
      setInterval(() => this.syncOrReport(), syncIntervalMs),
    ];
    for (const timer of this.timers) timer.unref();
  }

  private remove(keys: readonly string[]): void {
    for (const key of keys) {
      this.table.delete(key);
      this.record(key, REMOVED, 0);
    }
  }

  /** The journal reaches the kernel right after the running callback, before any answer does. */
  private record(key: string, queueId: number, offset: number): void {
    this.dirty = true;
    // Without room in the journal the next snapshot carries it: the table has it.
    this.journal.add(key, queueId, offset);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    process.nextTick(() => {
      this.flushScheduled = false;
      if (this.flush() && this.journal.bytes > this.options.journalBytesMax) this.snapshotOrReport();
    });
  }

  private snapshotOrReport(): void {
    this.snapshot().catch((error: unknown) =>
      this.options.log('error', 'The offset snapshot failed.', { error: String(error) }),
    );
  }

  /** A commit is safe from a killed process at once, from a power cut after this. */
  private syncOrReport(): void {
    if (this.journal.bytes === this.syncedBytes || this.syncing) return;
    const { bytes } = this.journal;
    this.syncing = true;
    this.journal
      .sync()
      .then(() => {
        this.syncedBytes = bytes;
      })
      .catch((error: unknown) => {
        // Never tried again on the same file: the system may have dropped its pages. A snapshot starts a new one.
        this.options.log('error', 'The offset journal could not be synced.', { error: String(error) });
        this.dirty = true;
        this.snapshotOrReport();
      })
      .finally(() => {
        this.syncing = false;
      });
  }
}
