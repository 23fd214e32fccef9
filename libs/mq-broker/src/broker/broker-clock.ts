import { readFileSync } from 'node:fs';

/** Time as the broker sees it, so that tests can turn it. */
export interface BrokerClock {
  /** Wall clock, ms since 1970. Somebody may set it at any time. */
  now(): number;
  /** Counts on whatever is done to the wall clock, ms since the machine was booted. */
  monotonic(): number;
  /** Differs after each boot of the machine. Empty where the system does not tell. */
  readonly bootId: string;
  /** Runs `action` once, no earlier than in `delayMs`; the returned function takes it back. */
  after(delayMs: number, action: () => void): () => void;
}

/** Longest delay a Node timer takes; longer ones fire at once. */
const TIMER_DELAY_MAX_MS = 2 ** 31 - 1;

/** The clock for durations: `now` is monotonic. */
export type ElapsedClock = Pick<BrokerClock, 'now' | 'after'>;

export function elapsedClockOf(clock: BrokerClock): ElapsedClock {
  return { now: () => clock.monotonic(), after: (delayMs, action) => clock.after(delayMs, action) };
}

export const systemClock: BrokerClock = {
  now: () => Date.now(),
  // CLOCK_MONOTONIC, which all processes of the machine share; that of `performance.now()` begins with the process.
  monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
  bootId: readBootId(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(0, delayMs), TIMER_DELAY_MAX_MS));
    return () => clearTimeout(timer);
  },
};

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
