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
  private readonly file: ConfigFile<CheckpointState>;

  constructor(
    disk: Disk,
    path: string,
    private readonly log: Logger = () => undefined,
  ) {
    this.file = new ConfigFile(path, { disk, parse: parseCheckpoint, stringify: writeCheckpoint, log });
  }

  /** Undefined when there is none or it is broken in every copy. A backup is older: never taken for clean. */
  read(): CheckpointState | undefined {
    try {
      const { value, source } = this.file.read();
      return value && { ...value, clean: value.clean && source === 'main' };
    } catch (error) {
      if (!(error instanceof ConfigFileBrokenError)) throw error;
      this.log('warn', `${error.message} Everything is read from the log instead.`);
      return undefined;
    }
  }

  write(state: CheckpointState): Promise<void> {
    return this.file.write(state);
  }
}

/** The state is turned into text once: with 80,000 queues it has megabytes. */
function writeCheckpoint(state: CheckpointState): string {
  const text = JSON.stringify(state);
  return `{"checksum":${crc32(text)},"state":${text}}`;
}

function parseCheckpoint(text: string): CheckpointState {
  const file = JSON.parse(text) as CheckpointFile | null;
  if (typeof file?.state !== 'object') throw new TypeError('it has no state');
  if (file.checksum !== crc32(JSON.stringify(file.state))) throw new Error('the checksum does not match');
  return file.state;
}
