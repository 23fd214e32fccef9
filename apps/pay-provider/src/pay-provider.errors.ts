/** Base of this application's errors. Refusals of requests are ProblemErrors instead. */
abstract class PayProviderError extends Error {
  abstract readonly code: string;
  readonly retriable = false;
}

/** Thrown when a line in the middle of the file is unreadable. A person must look at it: a guess would invent money. */
export class JournalDamagedError extends PayProviderError {
  override readonly name = 'JournalDamagedError';
  readonly code = 'JOURNAL_DAMAGED';

  constructor(path: string, lineNumber: number, options: ErrorOptions) {
    super(`${path} is damaged at line ${lineNumber}`, options);
  }
}

/** Thrown when a write to the file failed. Nothing is confirmed any more until a restart has read the file. */
export class JournalFailedError extends PayProviderError {
  override readonly name = 'JournalFailedError';
  readonly code = 'JOURNAL_FAILED';

  constructor(path: string, confirmedBytes: number, options: ErrorOptions) {
    super(`${path} could not be written; confirmed up to byte ${confirmedBytes}`, options);
  }
}
