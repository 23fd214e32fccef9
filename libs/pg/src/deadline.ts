declare const MONOTONIC: unique symbol;

/**
 * When a caller stops waiting: an instant of this process's monotonic clock, in milliseconds. A jump of the wall clock does not
 * move it. It means nothing to another process, so that a call carries the time left instead.
 */
export type DeadlineInstant = number & { readonly [MONOTONIC]: true };

export const deadlineIn = (ms: number): DeadlineInstant => (performance.now() + ms) as DeadlineInstant;

/** Milliseconds until the deadline; negative when it has passed. */
export const msUntil = (deadline: DeadlineInstant): number => deadline - performance.now();

/** When a caller stops waiting. */
export interface Deadline {
  /** A lock wait ends then at the latest. @default none */
  readonly deadline?: DeadlineInstant | undefined;
}

/** Limits of a transaction at locks. */
export interface LockWait extends Deadline {
  /** Longest wait for one lock, in milliseconds. It counts with a deadline only. @default none */
  readonly lockWaitMaxMs?: number | undefined;
}

/**
 * PostgreSQL takes 0 for "wait for ever", so a deadline that has passed still leaves one millisecond.
 * @param maxMs longest wait for one lock, where that is shorter
 */
export const lockTimeoutMs = (deadline: DeadlineInstant, maxMs = Infinity): number =>
  Math.max(1, Math.ceil(Math.min(msUntil(deadline), maxMs)));
