interface Failure {
  readonly attempts: number;
  readonly until: number;
}

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** A key that has been left alone for this long past its back-off is somebody else's now. */
const FORGET_AFTER_MS = 600_000;

/**
 * Keys whose oldest row could not be sent. Each waits longer after every failure (doubling, with jitter), alone:
 * rows of one key must not overtake each other, but rows of other keys may.
 */
export class FailingKeys {
  private readonly failures = new Map<string, Failure>();

  constructor(
    private readonly backoff: BackoffOptions,
    private readonly clock: () => number,
  ) {}

  /** @returns how often in a row the key has failed now */
  failed(key: string): number {
    const attempts = (this.failures.get(key)?.attempts ?? 0) + 1;
    const full = Math.min(this.backoff.maxMs, this.backoff.initialMs * 2 ** Math.min(attempts - 1, 30));
    this.failures.set(key, { attempts, until: this.clock() + full * (0.75 + Math.random() / 2) });
    return attempts;
  }

  succeeded(key: string): void {
    this.failures.delete(key);
  }

  /** Keys that are still waiting. */
  waiting(): string[] {
    const now = this.clock();
    const keys: string[] = [];
    for (const [key, { until }] of this.failures) {
      if (until > now) keys.push(key);
      else if (until + FORGET_AFTER_MS < now) this.failures.delete(key);
    }
    return keys;
  }

  /** Time until the first of them may be tried again, or undefined when none waits. */
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
