/** Base of all errors of this library. `retriable` says whether the same call may succeed later. */
export abstract class OutboxError extends Error {
  abstract readonly code: string;
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when a row has no topic or no key, a delay that is no time, or a payload that is not JSON. */
export class OutboxRowError extends OutboxError {
  readonly code = 'OUTBOX_ROW_INVALID';
  readonly retriable = false;
}

/** Thrown when the options of a relay are no durations, or contradict each other. It names all of them. */
export class OutboxOptionsError extends OutboxError {
  readonly code = 'OUTBOX_OPTIONS_INVALID';
  readonly retriable = false;

  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

/** Thrown when another relay may hold the shards of this one: its term was over. It sends nothing more, and registers again. */
export class LeaseLostError extends OutboxError {
  readonly code = 'OUTBOX_LEASE_LOST';
  readonly retriable = true;
}
