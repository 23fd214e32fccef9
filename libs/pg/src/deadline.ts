/** When a caller stops waiting. */
export interface Deadline {
  /** Milliseconds since the epoch, by this process's clock. A lock wait ends then at the latest. @default none */
  readonly deadline?: number | undefined;
}

/**
 * PostgreSQL takes 0 for "wait for ever", so a deadline that has passed still leaves one millisecond.
 * @param maxMs longest wait for one lock, where that is shorter
 */
export const lockTimeoutMs = (deadline: number, maxMs = Infinity): number =>
  Math.max(1, Math.ceil(Math.min(deadline - Date.now(), maxMs)));
