interface Failure {
  readonly attempts: number;
  readonly until: number;
}

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** A key that was not tried again for this long after its back-off belongs to another relay now. */
const FORGET_AFTER_MS = 600_000;

/**
 * Keys whose oldest row could not be sent. After each failure the back-off of the key doubles, with jitter. Other keys
 * do not wait: only the rows of one key must keep their order.
 */
export class FailingKeys {
  private readonly failures = new Map<string, Failure>();

  constructor(
    private readonly backoff: BackoffOptions,
    private readonly clock: () => number,
  ) {}

  /** @returns the number of failures since the last success */
  failed(key: string): number {
    const attempts = (this.failures.get(key)?.attempts ?? 0) + 1;
    const full = Math.min(this.backoff.maxMs, this.backoff.initialMs * 2 ** Math.min(attempts - 1, 30));
    this.failures.set(key, { attempts, until: this.clock() + full * (0.75 + Math.random() / 2) });
    return attempts;
  }

  /** Ends every back-off: what made the keys fail is over. A key that fails again waits longer than before. */
  retryAll(): void {
    const now = this.clock();
    for (const [key, failure] of this.failures)
      if (failure.until > now) this.failures.set(key, { ...failure, until: now });
  }

  succeeded(key: string): void {
    this.failures.delete(key);
  }

  /** Whether the key has failed since its last success. */
  has(key: string): boolean {
    return this.failures.has(key);
  }

  /** Whether a key may be tried again. */
  get hasDue(): boolean {
    return this.waiting().length < this.failures.size;
  }

  keys(): string[] {
    return [...this.failures.keys()];
  }

  /** The keys whose back-off is not over. */
  waiting(): string[] {
    const now = this.clock();
    const keys: string[] = [];
    for (const [key, { until }] of this.failures) {
      if (until > now) keys.push(key);
      else if (until + FORGET_AFTER_MS < now) this.failures.delete(key);
    }
    return keys;
  }

  /** The time until the first back-off is over; undefined when no key waits. */
  nextInMs(): number | undefined {
    const now = this.clock();
    let next: number | undefined;
    for (const { until } of this.failures.values()) {
      if (until > now && (next === undefined || until - now < next)) next = until - now;
    }
    return next;
  }

  get size(): number {
    return this.failures.size;
  }
}
