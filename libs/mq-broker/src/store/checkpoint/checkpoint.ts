import { crc32 } from 'node:zlib';
import { ConfigFile } from '../config/config-file.js';
import type { Logger } from '../../logger.js';
import type { Disk } from '../disk.js';
import { ConfigFileBrokenError } from '../store.errors.js';

/** What the next start may rely on. */
export interface CheckpointState {
  /** Written by a shutdown that drained everything; the abort file has to be gone as well. */
  clean: boolean;
  /** End of the log when this was written. Only of use when `clean`. */
  logEndOffset: number;
  /** Every message before this position is in its consume queue, durably. */
  dispatchedOffset: number;
  storeTimestamp: number;
  /** The retention clock, see `retention/retention-clock.ts`. */
  retentionTime: number;
  /** `[topic, queueId, minOffset, maxOffset]` of every consume queue: a missing folder must not go unnoticed. */
  queues: [string, number, number, number][];
  /** `[topic, logEndOffset at deletion]`: what lies before it must not come back when queues are built again. */
  deletedTopics: [string, number][];
  /** The sizes that the store's files were made with. Versions before this field do not write it. */
  sizes?: FileSizes;
}

/** Positions are numbers of files of these sizes: with others, everything in the files would be read in the wrong place. */
export interface FileSizes {
  mappedFileSizeCommitLog: number;
  mappedFileUnitsConsumeQueue: number;
}

interface CheckpointFile {
  checksum: number;
  state: CheckpointState;
}

/**
 * The `checkpoint` file. Unlike RocketMQ's 4 KiB of timestamps it holds positions, because the consume queues are built
 * from positions, and a checksum, because a wrong position loses messages quietly.
 */
export class Checkpoint {
  private readonly file: ConfigFile<CheckpointFile>;

  constructor(
    disk: Disk,
    path: string,
    private readonly log: Logger = () => undefined,
  ) {
    this.file = new ConfigFile<CheckpointFile>(path, { disk, parse: parseCheckpoint, log });
  }

  /** Undefined when there is none or it is broken in every copy. A backup is older: never taken for clean. */
  read(): CheckpointState | undefined {
    try {
      const { value, source } = this.file.read();
      return value && { ...value.state, clean: value.state.clean && source === 'main' };
    } catch (error) {
      if (!(error instanceof ConfigFileBrokenError)) throw error;
      this.log('warn', `${error.message} Everything is read from the log instead.`);
      return undefined;
    }
  }

  write(state: CheckpointState): Promise<void> {
    return this.file.write({ checksum: checksumOf(state), state });
  }
}

function checksumOf(state: CheckpointState): number {
  return crc32(JSON.stringify(state));
}

function parseCheckpoint(text: string): CheckpointFile {
  const file = JSON.parse(text) as CheckpointFile | null;
  if (typeof file?.state !== 'object') throw new TypeError('it has no state');
  if (file.checksum !== checksumOf(file.state)) throw new Error('the checksum does not match');
  return file;
}
