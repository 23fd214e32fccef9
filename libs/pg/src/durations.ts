/** The longest time that a timer of Node waits. It takes a longer one as 1 ms: a limit of 30 days would end at once. */
export const DURATION_MAX_MS = 2 ** 31 - 1;

/** A limit between durations: the first must be longer than the second, for this reason. */
export type LongerThan = readonly [longer: string, shorter: string, reason: string];

/**
 * What is wrong with a library's options: every option whose name ends with `Ms` is a duration in milliseconds that a timer can
 * wait for. Names that begin with `keep` tell how long rows stay, which no timer waits for.
 * @returns one line for each problem, so that all of them are named at once
 */
export function durationProblems(options: object, rules: readonly LongerThan[] = []): string[] {
  const values = new Map(Object.entries(options).filter(([name]) => name.endsWith('Ms')));
  const problems: string[] = [];
  for (const [name, value] of values) {
    if (value === undefined) continue;
    const max = name.startsWith('keep') ? Number.MAX_SAFE_INTEGER : DURATION_MAX_MS;
    if (typeof value === 'number' && value >= 0 && value <= max) continue;
    problems.push(`${name} must be from 0 to ${max} ms, not ${String(value)}`);
  }
  for (const [longer, shorter, reason] of rules) {
    const [long, short] = [values.get(longer) as unknown, values.get(shorter) as unknown];
    if (typeof long !== 'number' || typeof short !== 'number' || long > short) continue;
    problems.push(`${longer} (${long}) must be longer than ${shorter} (${short}): ${reason}`);
  }
  return problems;
}
