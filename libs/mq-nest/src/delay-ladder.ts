import { InvalidMessageError } from './errors.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Delays of the levels 1 to 18, ms. Source: MessageStoreConfig.java, messageDelayLevel. */
const LEVELS_MS: readonly number[] = [
  1 * SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30].map((minutes) => minutes * MINUTE),
  1 * HOUR,
  2 * HOUR,
];

/** The number of the level with the longest delay. */
export const LONGEST_LEVEL = LEVELS_MS.length;

/**
 * The first level whose delay is not shorter than `delayMs`. Level 0, for 0 ms or less, means at once. Undefined when
 * no level is long enough. `timeScale` is the broker's: its levels are this many times shorter.
 */
export function findDelayLevel(delayMs: number, timeScale: number): number | undefined {
  if (delayMs <= 0) return 0;
  // Rounded up, because a caller that divides a level's delay by the same time scale may round its quotient up.
  const index = LEVELS_MS.findIndex((levelMs) => Math.ceil(levelMs / timeScale) >= delayMs);
  return index === -1 ? undefined : index + 1;
}

/**
 * The level that `findDelayLevel` finds.
 * @throws {InvalidMessageError} when no level is long enough: a message that is delivered too early would be a silent
 *   error
 */
export function delayLevelFor(delayMs: number, timeScale: number): number {
  const level = findDelayLevel(delayMs, timeScale);
  if (level !== undefined) return level;
  const longestMs = Math.ceil((LEVELS_MS.at(-1) ?? 0) / timeScale);
  throw new InvalidMessageError(`a delay of ${delayMs} ms is longer than the last delay level, ${longestMs} ms`);
}
