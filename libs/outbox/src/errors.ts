/** Base of every error this library throws: `code` for programs, `retriable` when the same call may succeed later. */
export abstract class OutboxError extends Error {
  abstract readonly code: string;
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when a row cannot be written as it is: no topic, no key, or a payload that is not JSON. */
export class OutboxRowError extends OutboxError {
  readonly code = 'OUTBOX_ROW_INVALID';
  readonly retriable = false;
}
