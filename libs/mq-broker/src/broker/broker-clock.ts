/** Time as the broker sees it, so that tests can turn it. */
export interface BrokerClock {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Runs `action` once, no earlier than in `delayMs`; the returned function takes it back. */
  after(delayMs: number, action: () => void): () => void;
}

/** Longest delay a Node timer takes; longer ones fire at once. */
const TIMER_DELAY_MAX_MS = 2 ** 31 - 1;

export const systemClock: BrokerClock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(0, delayMs), TIMER_DELAY_MAX_MS));
    return () => clearTimeout(timer);
  },
};
