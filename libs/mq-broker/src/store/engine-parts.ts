import type { Checkpoint } from './checkpoint/checkpoint.js';
import type { LogFiles } from './commit-log/log-files.js';
import type { DispatchListener } from './consume-queue/queue-dispatcher.js';
import type { FileCache } from './consume-queue/file-cache.js';
import type { QueueTable } from './consume-queue/queue-table.js';
import type { Disk } from './disk.js';
import type { DamageReport } from './recovery/damage-report.js';
import type { RetentionClock } from './retention/retention-clock.js';
import type { Retention } from './retention/retention.js';

/** What is there once a store is recovered. */
export interface EngineParts {
  disk: Disk;
  directory: string;
  files: LogFiles;
  queues: QueueTable;
  cache: FileCache;
  damage: DamageReport;
  checkpointFile: Checkpoint;
  clock: RetentionClock;
  retention: Retention;
  recordBytesMax: number;
}

export interface EngineStart {
  endOffset: number;
  storeTimestamp: number;
  deletedTopics: [string, number][];
}

/** Whom the engine tells. The store's public hooks. */
export interface EngineListener extends DispatchListener {
  onProgress: (() => void) | undefined;
  onWithdrawn: (() => void) | undefined;
  onFatal: ((error: Error) => void) | undefined;
}
