export type StoreErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_CORRUPTED'
  | 'STORE_OPTIONS_INVALID'
  | 'STORE_SYNC_FAILED'
  | 'STORE_WRITE_FAILED'
  | 'CONFIG_FILE_BROKEN';

/** Base of every error the store throws. */
export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    readonly retriable: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }
}

/** Thrown when another process, or this one, already has the store open. */
export class StoreLockedError extends StoreError {
  constructor(
    readonly directory: string,
    readonly ownerPid: number,
  ) {
    super('STORE_LOCKED', `The store ${directory} is in use by process ${ownerPid}.`, true);
  }
}

/** Thrown when the files do not form a store: log files with gaps between them, or of another file size. */
export class StoreCorruptedError extends StoreError {
  constructor(message: string, cause?: unknown) {
    super('STORE_CORRUPTED', message, false, cause);
  }
}

/** Thrown when options contradict each other; names every problem. */
export class StoreOptionsError extends StoreError {
  constructor(readonly problems: readonly string[]) {
    super('STORE_OPTIONS_INVALID', `Store options: ${problems.join('; ')}`, false);
  }
}

/**
 * Thrown when the disk refused a sync. Linux may drop the unwritten pages and report success the next time, so nothing is
 * ever tried again: the process has to end and the next start recovers what is really there.
 */
export class SyncFailedError extends StoreError {
  constructor(what: string, cause: unknown) {
    super('STORE_SYNC_FAILED', `Sync of ${what} failed; the store refuses everything from now on.`, false, cause);
  }
}

/** Thrown when a write failed for another reason than a full disk. */
export class WriteFailedError extends StoreError {
  constructor(what: string, cause: unknown) {
    super('STORE_WRITE_FAILED', `Write to ${what} failed; the store refuses everything from now on.`, false, cause);
  }
}

/** Thrown when neither a configuration file nor its backup can be read. */
export class ConfigFileBrokenError extends StoreError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super('CONFIG_FILE_BROKEN', `${path} and its backup are both unreadable.`, false, cause);
  }
}
