/** Longest wait before scaling. Without a limit the twelfth attempt would come days later. */
const LONGEST_WAIT_MS = 3_600_000;
/** Shortest wait, whatever the time scale is, so that a receiver that is down gets few requests. */
const SHORTEST_WAIT_MS = 20;

export interface Timetable {
  readonly firstRetryMs: number;
  readonly attemptsMax: number;
  readonly timeScale: number;
}

/** Real ms to wait after `failedAttempts` failures (1 or more). It doubles up to an hour. Undefined means: give up. */
export function waitBeforeNextAttemptMs(failedAttempts: number, timetable: Timetable): number | undefined {
  if (failedAttempts >= timetable.attemptsMax) return undefined;
  const unscaledMs = Math.min(timetable.firstRetryMs * 2 ** (failedAttempts - 1), LONGEST_WAIT_MS);
  return Math.max(SHORTEST_WAIT_MS, Math.round(unscaledMs / timetable.timeScale));
}
