/** No wait is longer than this before scaling; else the twelfth attempt would come days later. */
const LONGEST_WAIT_MS = 3_600_000;
/** However fast the clock is made to run, a receiver that is down is not hammered. */
const SHORTEST_WAIT_MS = 20;

export interface Timetable {
  readonly firstRetryMs: number;
  readonly attemptsMax: number;
  readonly timeScale: number;
}

/** Real ms to wait after `failedAttempts` failures, 1 or more; undefined: give up. Doubles, up to an hour. */
export function waitBeforeNextAttemptMs(failedAttempts: number, timetable: Timetable): number | undefined {
  if (failedAttempts >= timetable.attemptsMax) return undefined;
  const unscaledMs = Math.min(timetable.firstRetryMs * 2 ** (failedAttempts - 1), LONGEST_WAIT_MS);
  return Math.max(SHORTEST_WAIT_MS, Math.round(unscaledMs / timetable.timeScale));
}
