/** Base of every error this library throws: `code` for programs, `retriable` when the same call may succeed later. */
export abstract class PgError extends Error {
  abstract readonly code: string;
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when a statement refused with `refuse_unless`. Its transaction is rolled back. */
export class StatementRefusedError extends PgError {
  readonly code = 'STATEMENT_REFUSED';
  readonly retriable = false;

  constructor(
    /** The second argument of `refuse_unless`. */
    readonly reason: string,
  ) {
    super(`refused by the database: ${reason}`);
  }
}

/** Thrown when a lock was not granted before the caller's deadline. Its transaction is rolled back. */
export class LockTimeoutError extends PgError {
  readonly code = 'LOCK_TIMEOUT';
  readonly retriable = true;
}

/**
 * Thrown when the connection broke between COMMIT and its answer: the transaction is committed or it is not.
 * The caller reads the truth before it says anything.
 */
export class TransactionOutcomeUnknownError extends PgError {
  readonly code = 'TRANSACTION_OUTCOME_UNKNOWN';
  readonly retriable = true;
}

/**
 * Thrown when the statements of a transaction were not sent: the connection was closed, or a value cannot be sent.
 * Nothing was changed.
 */
export class StatementsNotSentError extends PgError {
  readonly code = 'STATEMENTS_NOT_SENT';
  readonly retriable = true;
}

/** Thrown when the server said nothing for too long, and the connection was given up. What the statement did is unknown. */
export class SilentServerError extends PgError {
  readonly code = 'DATABASE_SILENT';
  readonly retriable = true;

  constructor(silenceTimeoutMs: number) {
    super(`nothing from the database in ${silenceTimeoutMs} ms; the connection was given up`);
  }
}

/** Thrown when the options of a session or a batcher are no limits, or contradict each other. It names all of them. */
export class InvalidLimitsError extends PgError {
  readonly code = 'INVALID_LIMITS';
  readonly retriable = false;

  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

/** Thrown when another replica did not end its migrations in time. */
export class MigrationLockError extends PgError {
  readonly code = 'MIGRATION_LOCK';
  readonly retriable = true;
}
