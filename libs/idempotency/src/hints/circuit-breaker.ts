export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failuresToOpen: number;
  /** How long the circuit stays open at first. Every further failure doubles this time. */
  readonly openMs: number;
  readonly openMaxMs: number;
  /** A monotonic clock in milliseconds. @default performance.now */
  readonly clock?: () => number;
}

/*
 * closed  calls pass, and failures in a row are counted
 * open    calls are refused until the time is over
 * trying  the time is over: one call passes and decides, all others are still refused
 */

/** Refuses calls to a server that failed the last ones, so that callers do not wait for its time-out. */
export class CircuitBreaker {
  private readonly clock: () => number;
  private failures = 0;
  private openUntil = 0;
  private isTrying = false;

  constructor(private readonly options: CircuitBreakerOptions) {
    this.clock = options.clock ?? ((): number => performance.now());
  }

  /** Whether the last calls did not fail. */
  get isClosed(): boolean {
    return this.failures < this.options.failuresToOpen;
  }

  allows(): boolean {
    if (this.isClosed) return true;
    if (this.isTrying || this.clock() < this.openUntil) return false;
    this.isTrying = true;
    return true;
  }

  /** A call that was allowed was not made after all. */
  gaveUp(): void {
    this.isTrying = false;
  }

  succeeded(): void {
    this.failures = 0;
    this.isTrying = false;
  }

  failed(): void {
    this.failures++;
    this.isTrying = false;
    const further = this.failures - this.options.failuresToOpen;
    if (further < 0) return;
    this.openUntil = this.clock() + Math.min(this.options.openMaxMs, this.options.openMs * 2 ** Math.min(further, 20));
  }
}
