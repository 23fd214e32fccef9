/** Base of every error this library throws: `code` for programs, `retriable` when the same call may succeed later. */
export abstract class IdempotencyError extends Error {
  abstract readonly code: string;
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Thrown when another request with the same key was faster. Let it roll the transaction back and travel up:
 * the interceptor turns it into that request's answer, or 409 while there is none yet.
 */
export class IdempotencyKeyTakenError extends IdempotencyError {
  readonly code = 'IDEMPOTENCY_KEY_TAKEN';
  readonly retriable = true;
}

/** Thrown when an answer is to be kept for a resource that has no key's row. */
export class IdempotencyKeyMissingError extends IdempotencyError {
  readonly code = 'IDEMPOTENCY_KEY_MISSING';
  readonly retriable = false;
}
