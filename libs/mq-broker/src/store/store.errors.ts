export type StoreErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_LOCK_LOST'
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
    /** 0 when it is not known. */
    readonly ownerPid: number,
  ) {
    const owner = ownerPid === 0 ? 'another process' : `process ${ownerPid}`;
    super('STORE_LOCKED', `The store ${directory} is in use by ${owner}.`, true);
  }
}

/**
 * Thrown when a process finds that its store has another owner, or may have one: it stood still for long, or somebody removed its
 * lock. What the log has belongs to the other owner, so nothing more is written or acknowledged.
 */
export class StoreLockLostError extends StoreError {
  constructor(
    readonly directory: string,
    problem: string,
  ) {
    super(
      'STORE_LOCK_LOST',
      `The store ${directory} is not ours any more: ${problem}. Nothing more is acknowledged.`,
      false,
    );
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

/** Thrown when a table file is broken and has no good backup. A file that does not exist is not called broken. */
export class ConfigFileBrokenError extends StoreError {
  constructor(
    readonly path: string,
    /** What is wrong with the file; undefined when it is missing. */
    mainProblem: string | undefined,
    /** What is wrong with the backup; undefined when there is none. */
    backupProblem: string | undefined,
  ) {
    const main = mainProblem === undefined ? 'is missing' : `is broken (${mainProblem})`;
    const backup =
      backupProblem === undefined ? 'it has no backup' : `its backup ${path}.bak is broken (${backupProblem})`;
    super('CONFIG_FILE_BROKEN', `${path} ${main}, and ${backup}. Mend it, or remove it to begin without it.`, false);
  }
}
