import type { LogFiles } from '../commit-log/log-files.js';
import type { QueueTable } from '../consume-queue/queue-table.js';
import { RECORD_BYTES_MIN, viewOf } from '../record/record-layout.js';
import { storeTimestampOf, verifyRecord } from '../record/record-reader.js';
import type { ResolvedStoreOptions } from '../store.options.js';
import type { RetentionClock } from './retention-clock.js';

type RetentionOptions = Pick<
  ResolvedStoreOptions,
  | 'fileReservedTimeMs'
  | 'deleteWhen'
  | 'diskMaxUsedSpaceRatio'
  | 'diskSpaceCleanForciblyRatio'
  | 'deleteFileBatchMax'
  | 'now'
  | 'log'
>;

/**
 * Deletes whole commit log files, oldest first, and the consume queue units of their messages (DefaultMessageStore:
 * CleanCommitLogService). A file is expired when its last record is older than the limit by the retention clock. Expired files are
 * deleted at the hour of `deleteWhen`, or when the disk is fuller than `diskMaxUsedSpaceRatio`. Above
 * `diskSpaceCleanForciblyRatio` the oldest files are deleted whatever their age. The file that is written always stays.
 */
export class Retention {
  constructor(
    private readonly files: LogFiles,
    private readonly queues: QueueTable,
    private readonly clock: RetentionClock,
    private readonly recordBytesMax: number,
    private readonly options: RetentionOptions,
  ) {}

  /** Runs one pass and returns the number of deleted files. `usedRatio` is the used share of the disk; files from `endOffset` on stay. */
  run(usedRatio: number, endOffset: number): number {
    const { options } = this;
    const isForced = usedRatio > options.diskSpaceCleanForciblyRatio;
    if (!isForced && !this.isHour() && usedRatio <= options.diskMaxUsedSpaceRatio) return 0;
    const expiredBefore = this.clock.read() - options.fileReservedTimeMs;
    let deleted = 0;
    while (deleted < options.deleteFileBatchMax && this.canDelete(isForced, expiredBefore)) {
      if (!this.files.deleteOldest(endOffset)) break;
      deleted++;
    }
    if (deleted === 0) return 0;
    for (const queue of this.queues.all()) queue.deleteBefore(this.files.minOffset);
    options.log('info', 'Commit log files were deleted.', {
      files: deleted,
      isForced,
      minOffset: this.files.minOffset,
    });
    return deleted;
  }

  private isHour(): boolean {
    const hour = new Date(this.options.now()).getHours();
    return this.options.deleteWhen.split(';').some((text) => Number(text) === hour);
  }

  private canDelete(isForced: boolean, expiredBefore: number): boolean {
    if (isForced) return true;
    const time = this.endTimeOfOldest();
    return time !== undefined && time < expiredBefore;
  }

  /** The oldest file's last record is not newer than the next file's first record. */
  private endTimeOfOldest(): number | undefined {
    const next = this.files.all[1];
    if (!next) return undefined;
    const head = Buffer.alloc(RECORD_BYTES_MIN);
    if (next.file.read(head, 0, head.length, 0) < head.length) return undefined;
    const size = head.readInt32BE(0);
    if (size < RECORD_BYTES_MIN || size > this.recordBytesMax) return this.modifiedTime();
    const record = Buffer.alloc(size);
    const read = next.file.read(record, 0, size, 0);
    const view = viewOf(record);
    return verifyRecord(record, view, 0, read, next.base) === 'VALID' ? storeTimestampOf(view, 0) : this.modifiedTime();
  }

  /** The file system's time, for the case that the next file's first record is broken or not written. */
  private modifiedTime(): number | undefined {
    const [oldest] = this.files.all;
    return oldest && this.files.modifiedAt(oldest);
  }
}
