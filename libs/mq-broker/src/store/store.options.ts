import { totalmem } from 'node:os';
import type { Disk } from './disk.js';
import { StoreOptionsError } from './store.errors.js';
import type { Logger } from '../logger.js';
import type { FlushDiskType } from './store.types.js';

const MiB = 1024 * 1024;

/** MessageStoreConfig.messageDelayLevel: 1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h. */
const DELAY_LEVELS_SECONDS = [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];

function standardDeliverTime(delayLevel: number, storeTimestamp: number): number {
  return storeTimestamp + (DELAY_LEVELS_SECONDS[delayLevel - 1] ?? 1) * 1000;
}

/** Everything is optional. Names are RocketMQ's (MessageStoreConfig) where it has one. */
export interface MessageStoreOptions {
  /** Root folder. Without one a temporary store is made and removed on close; it opens fast and never fills files ahead. @default none */
  dir?: string | undefined;
  /** @default 'ASYNC_FLUSH' */
  flushDiskType?: FlushDiskType;
  /** Size of a commit log file. @default 1 GiB, 16 MiB for a temporary store */
  mappedFileSizeCommitLog?: number;
  /** Units in a consume queue file. @default 300000 */
  mappedFileUnitsConsumeQueue?: number;
  /** Largest body. A store that has stored larger ones must not get a lower limit: it could not read them. @default 4 MiB */
  maxMessageSize?: number;
  /** Recent log kept in RAM for consumers that keep up. @default 64 MiB, 16 MiB for a temporary store */
  tailBytesMax?: number;
  /** A tick's messages are written at the latest when they reach this size. @default 1 MiB */
  slabBytesMax?: number;
  /** How far log files are filled with zeros ahead of the write position. @default 32 MiB, 0 for a temporary store */
  zeroFillAheadBytes?: number;
  /** ASYNC_FLUSH: time between background syncs. @default 500 */
  flushIntervalMs?: number;
  /** Time between writes of collected consume queue units. @default 1000 */
  flushConsumeQueueIntervalMs?: number;
  /** Time between checkpoints. An abnormal start reads the log from the last one. @default 10000 */
  checkpointIntervalMs?: number;
  /** Age at which a log file may be deleted. @default 72 h */
  fileReservedTimeMs?: number;
  /** Hours of the day in which expired files are deleted, `;`-separated. @default '04' */
  deleteWhen?: string;
  /** Share of the disk above which expired files are deleted at any hour. @default 0.75 */
  diskMaxUsedSpaceRatio?: number;
  /** Share above which the oldest files are deleted regardless of age. @default 0.85 */
  diskSpaceCleanForciblyRatio?: number;
  /** Share above which appends are refused. @default 0.9 */
  diskSpaceWarningLevelRatio?: number;
  /** Most files deleted in one pass. @default 10 */
  deleteFileBatchMax?: number;
  /** Time between looks at the disk's free space. @default 1000 */
  diskCheckIntervalMs?: number;
  /** Time between looks for expired files. @default 10000 */
  cleanResourceIntervalMs?: number;
  /** Distance from the log's end beyond which a read counts as slow. @default 40 % of RAM */
  memoryDistanceBytes?: number;
  /** Released RAM is overwritten with 0xDD, so that a use after release shows. For tests. @default false */
  poisonReleasedSlabs?: boolean;
  /** When a message on a delay level is due, for queues that are built again. @default RocketMQ's eighteen levels */
  deliverTimeOf?: (delayLevel: number, storeTimestamp: number) => number;
  /** The address in `storeHost`. May be changed by `setStoreHost`. @default 127.0.0.1:10911 */
  storeHost?: { host: string; port: number };
  /** Told how long each sync of the log took. @default none */
  onSync?: (durationMs: number) => void;
  /** @default silent */
  log?: Logger;
  /** Wall clock, milliseconds. @default Date.now */
  now?: () => number;
  /** Clock that never jumps, milliseconds. @default performance.now */
  monotonicNow?: () => number;
  /** @default the machine's */
  disk?: Disk;
}

export type ResolvedStoreOptions = Required<Omit<MessageStoreOptions, 'dir' | 'disk'>> & { temporary: boolean };

/** Applies defaults and refuses contradictions, all in one error. */
export function resolveStoreOptions(options: MessageStoreOptions): ResolvedStoreOptions {
  const temporary = options.dir === undefined;
  const resolved: ResolvedStoreOptions = {
    temporary,
    flushDiskType: options.flushDiskType ?? 'ASYNC_FLUSH',
    mappedFileSizeCommitLog: options.mappedFileSizeCommitLog ?? (temporary ? 16 * MiB : 1024 * MiB),
    mappedFileUnitsConsumeQueue: options.mappedFileUnitsConsumeQueue ?? 300_000,
    maxMessageSize: options.maxMessageSize ?? 4 * MiB,
    tailBytesMax: options.tailBytesMax ?? (temporary ? 16 * MiB : 64 * MiB),
    slabBytesMax: options.slabBytesMax ?? MiB,
    zeroFillAheadBytes: options.zeroFillAheadBytes ?? (temporary ? 0 : 32 * MiB),
    flushIntervalMs: options.flushIntervalMs ?? 500,
    flushConsumeQueueIntervalMs: options.flushConsumeQueueIntervalMs ?? 1000,
    checkpointIntervalMs: options.checkpointIntervalMs ?? 10_000,
    fileReservedTimeMs: options.fileReservedTimeMs ?? 72 * 3_600_000,
    deleteWhen: options.deleteWhen ?? '04',
    diskMaxUsedSpaceRatio: options.diskMaxUsedSpaceRatio ?? 0.75,
    diskSpaceCleanForciblyRatio: options.diskSpaceCleanForciblyRatio ?? 0.85,
    diskSpaceWarningLevelRatio: options.diskSpaceWarningLevelRatio ?? 0.9,
    deleteFileBatchMax: options.deleteFileBatchMax ?? 10,
    diskCheckIntervalMs: options.diskCheckIntervalMs ?? 1000,
    cleanResourceIntervalMs: options.cleanResourceIntervalMs ?? 10_000,
    memoryDistanceBytes: options.memoryDistanceBytes ?? Math.floor(totalmem() * 0.4),
    poisonReleasedSlabs: options.poisonReleasedSlabs ?? false,
    deliverTimeOf: options.deliverTimeOf ?? standardDeliverTime,
    storeHost: options.storeHost ?? { host: '127.0.0.1', port: 10_911 },
    onSync: options.onSync ?? (() => undefined),
    log: options.log ?? (() => undefined),
    now: options.now ?? Date.now,
    monotonicNow: options.monotonicNow ?? (() => performance.now()),
  };
  const problems = problemsOf(resolved);
  if (problems.length > 0) throw new StoreOptionsError(problems);
  return resolved;
}

/** Node takes a longer timer as one of 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

function problemsOf(options: ResolvedStoreOptions): string[] {
  const problems: string[] = [];
  const positive = [
    'mappedFileSizeCommitLog',
    'mappedFileUnitsConsumeQueue',
    'maxMessageSize',
    'tailBytesMax',
    'slabBytesMax',
    'flushIntervalMs',
    'flushConsumeQueueIntervalMs',
    'checkpointIntervalMs',
    'deleteFileBatchMax',
    'diskCheckIntervalMs',
    'cleanResourceIntervalMs',
  ] as const;
  for (const name of positive) {
    const max = name.endsWith('Ms') ? TIMER_MAX_MS : Number.MAX_SAFE_INTEGER;
    if (!(options[name] > 0 && options[name] <= max))
      problems.push(`${name} must be above 0 and at most ${max}, not ${options[name]}`);
  }
  if (options.mappedFileSizeCommitLog < 1024) problems.push('mappedFileSizeCommitLog must be at least 1024');
  if (options.diskSpaceWarningLevelRatio > 1) problems.push('diskSpaceWarningLevelRatio must be at most 1');
  if (options.diskSpaceCleanForciblyRatio > options.diskSpaceWarningLevelRatio) {
    problems.push('diskSpaceCleanForciblyRatio must not be above diskSpaceWarningLevelRatio');
  }
  const hours = options.deleteWhen.split(';');
  if (!hours.every((hour) => /^\d{1,2}$/.test(hour) && Number(hour) < 24)) {
    problems.push('deleteWhen must be hours 00 to 23 separated by ;');
  }
  return problems;
}
