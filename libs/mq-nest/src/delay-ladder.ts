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

/** Number of the longest level. */
export const LONGEST_LEVEL = LEVELS_MS.length;

/**
 * The smallest level whose delay is not shorter than `delayMs`; 0 (at once) for 0 or less; undefined where none is long enough.
 * `timeScale` is the broker's: its levels are that many times shorter.
 */
export function findDelayLevel(delayMs: number, timeScale: number): number | undefined {
  if (delayMs <= 0) return 0;
  // Rounded up, as whoever divided 30 minutes by 7 may have rounded the same quotient up.
  const index = LEVELS_MS.findIndex((levelMs) => Math.ceil(levelMs / timeScale) >= delayMs);
  return index === -1 ? undefined : index + 1;
}

/** As `findDelayLevel`. @throws {InvalidMessageError} beyond the ladder: a message that comes early without a word would be worse */
export function delayLevelFor(delayMs: number, timeScale: number): number {
  const level = findDelayLevel(delayMs, timeScale);
  if (level !== undefined) return level;
  const longestMs = Math.ceil((LEVELS_MS.at(-1) ?? 0) / timeScale);
  throw new InvalidMessageError(`a delay of ${delayMs} ms is beyond the longest level, ${longestMs} ms`);
}
