/** Base of every error this library throws. `code` is for programs; `retriable`: the same call may succeed later. */
export abstract class IdempotencyError extends Error {
  abstract readonly code: string;
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Thrown when a concurrent request has inserted the same key. A use case must not catch it: the transaction must roll
 * back. The interceptor then returns the answer of the other request, or 409 while that request is still running.
 */
export class IdempotencyKeyTakenError extends IdempotencyError {
  readonly code = 'IDEMPOTENCY_KEY_TAKEN';
  readonly retriable = true;
}

/** Thrown when options are no durations. It names all of them. */
export class IdempotencyOptionsError extends IdempotencyError {
  readonly code = 'IDEMPOTENCY_OPTIONS_INVALID';
  readonly retriable = false;

  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

/** Thrown when an answer is to be kept, but no key has a row for its resource. */
export class IdempotencyKeyMissingError extends IdempotencyError {
  readonly code = 'IDEMPOTENCY_KEY_MISSING';
  readonly retriable = false;
}
