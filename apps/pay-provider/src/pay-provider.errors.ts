/** Base of this application's own errors; refusals to callers are ProblemErrors. */
abstract class PayProviderError extends Error {
  abstract readonly code: string;
  readonly retriable = false;
}

/** Thrown when a line in the middle of the file cannot be read: somebody must look at it, guessing would invent money. */
export class JournalDamagedError extends PayProviderError {
  override readonly name = 'JournalDamagedError';
  readonly code = 'JOURNAL_DAMAGED';

  constructor(path: string, lineNumber: number, options: ErrorOptions) {
    super(`${path} is damaged at line ${lineNumber}`, options);
  }
}

/** Thrown when the file could not be written. Nothing is confirmed any more until a restart has read what is there. */
export class JournalFailedError extends PayProviderError {
  override readonly name = 'JournalFailedError';
  readonly code = 'JOURNAL_FAILED';

  constructor(path: string, confirmedBytes: number, options: ErrorOptions) {
    super(`${path} could not be written; confirmed up to byte ${confirmedBytes}`, options);
  }
}
