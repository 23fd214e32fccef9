import { join } from 'node:path';
import { AbortFile } from './checkpoint/abort-file.js';
import { Checkpoint } from './checkpoint/checkpoint.js';
import type { CheckpointState } from './checkpoint/checkpoint.js';
import type { FileSizes } from './checkpoint/checkpoint.js';
import { requireSameSizes } from './checkpoint/file-sizes.js';
import { LogFiles } from './commit-log/log-files.js';
import type { ConsumeQueue } from './consume-queue/consume-queue.js';
import { FileCache } from './consume-queue/file-cache.js';
import { QueueTable } from './consume-queue/queue-table.js';
import type { Disk } from './disk.js';
import { RECORD_OVERHEAD_MAX } from './record/record-layout.js';
import { repairBlock } from './recovery/block-repair.js';
import { DamageReport } from './recovery/damage-report.js';
import { recoverStore } from './recovery/recover.js';
import { Retention } from './retention/retention.js';
import { RetentionClock } from './retention/retention-clock.js';
import type { ResolvedStoreOptions } from './store.options.js';

/** The files of a store after recovery, and the objects that own them. */
export interface StoreParts {
  readonly disk: Disk;
  readonly directory: string;
  readonly files: LogFiles;
  readonly queues: QueueTable;
  readonly cache: FileCache;
  readonly damage: DamageReport;
  readonly checkpoint: Checkpoint;
  readonly abortFile: AbortFile;
  /** `[topic, logEndOffset at deletion]`, as the checkpoint has them. */
  deletedTopics: [string, number][];
  readonly retentionClock: RetentionClock;
  readonly retention: Retention;
  readonly recordBytesMax: number;
  readonly sizes: FileSizes;
  /** End of the log. */
  readonly endOffset: number;
  /** Store time of the newest record. */
  readonly storeTimestamp: number;
  /** Up to where a damaged consume queue block is built again from the log. The store replaces it by its written offset. */
  readableEnd: () => number;
}

/**
 * Opens the files of a store and recovers them.
 * @throws StoreCorruptedError when the files do not fit together
 */
export function openParts(options: ResolvedStoreOptions, disk: Disk, directory: string): StoreParts {
  const { mappedFileSizeCommitLog, mappedFileUnitsConsumeQueue, temporary } = options;
  const checkpoint = new Checkpoint(disk, join(directory, 'checkpoint'), options.log);
  const saved = checkpoint.read();
  const sizes = { mappedFileSizeCommitLog, mappedFileUnitsConsumeQueue };
  requireSameSizes(disk, directory, sizes, saved?.sizes);
  const files = LogFiles.open(disk, join(directory, 'commitlog'), mappedFileSizeCommitLog, !temporary);
  const cache = new FileCache(disk);
  try {
    return recoverParts(options, { disk, directory, files, cache, checkpoint, sizes }, saved);
  } catch (error) {
    cache.close();
    files.close();
    throw error;
  }
}

type OpenedParts = Pick<StoreParts, 'disk' | 'directory' | 'files' | 'cache' | 'checkpoint' | 'sizes'>;

function recoverParts(
  options: ResolvedStoreOptions,
  opened: OpenedParts,
  saved: CheckpointState | undefined,
): StoreParts {
  const { disk, directory, files, cache } = opened;
  const recordBytesMax = options.maxMessageSize + RECORD_OVERHEAD_MAX;
  const { mappedFileUnitsConsumeQueue, deliverTimeOf, log } = options;
  const damage = new DamageReport(log);
  const repair = (queue: ConsumeQueue, first: number, end: number): boolean => {
    log('warn', 'A consume queue block is damaged and is built again.', { topic: queue.topic, first, end });
    const logEndOffset = parts.readableEnd();
    const { deletedTopics } = parts;
    repairBlock(queue, { first, end }, { files, logEndOffset, recordBytesMax, deliverTimeOf, deletedTopics });
    return true;
  };
  const queues = new QueueTable(disk, cache, join(directory, 'consumequeue'), mappedFileUnitsConsumeQueue, repair);
  const abortFile = new AbortFile(disk, directory);
  const parts = {
    ...opened,
    queues,
    damage,
    abortFile,
    recordBytesMax,
    readableEnd: () => files.limit,
    deletedTopics: saved?.deletedTopics ?? [],
  };
  const recovered = recoverStore({
    files,
    queues,
    damage,
    checkpoint: saved,
    abnormal: abortFile.exists,
    recordBytesMax,
    deliverTimeOf,
    log,
  });
  const retentionClock = new RetentionClock(
    Math.max(saved?.retentionTime ?? 0, recovered.storeTimestamp),
    options.now,
    options.monotonicNow,
  );
  return Object.assign(parts, recovered, {
    retentionClock,
    retention: new Retention(files, queues, retentionClock, recordBytesMax, options),
  });
}
