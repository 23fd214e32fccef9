/** The longest delay level of RocketMQ's ladder, before TIME_SCALE divides it. */
const LONGEST_LEVEL_MS = 2 * 60 * 60_000;

/**
 * A due time may lie further ahead than any delay level reaches. The timer is then set for the longest level, comes early,
 * and is set again.
 */
export function timerDelayMs(dueInMs: number, timeScale: number): number {
  return Math.min(Math.ceil(dueInMs), Math.floor(LONGEST_LEVEL_MS / timeScale));
}
