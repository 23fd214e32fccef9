import { InvalidLimitsError } from './errors.js';

/** The longest time that a timer of Node waits. It takes a longer one as 1 ms: a limit of 30 days would end at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** How long rows may be kept at most, a hundred years: PostgreSQL has no date for `now()` minus a much longer time. */
const KEEP_MAX_MS = 100 * 365 * 86_400_000;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** What a duration may be. Its name says which kind it is, and the first kind that fits counts. */
const KINDS: readonly (Range & { readonly name: RegExp })[] = [
  // No timer waits for the age at which rows go.
  { name: /^keep/, min: 0, max: KEEP_MAX_MS },
  // The wait of somebody who starts or stops may be none.
  { name: /^(start|stop|drain)/, min: 0, max: TIMER_MAX_MS },
  // A round without a pause after it takes all of a CPU, and 0 is no limit at all to PostgreSQL, Redis and sockets.
  { name: /(interval|timeout)ms$/i, min: 1, max: TIMER_MAX_MS },
  { name: /ms$/i, min: 0, max: TIMER_MAX_MS },
];

/** A limit between settings: `field` must reach the sum of the fields `atLeast`, or pass it where the rule says `longerThan`. */
export type LimitRule<Name extends string = string> = {
  readonly field: Name;
  /** Completes `must be at least ...:`. */
  readonly reason: string;
} & ({ readonly atLeast: readonly Name[] } | { readonly longerThan: readonly Name[] });

type Values = Readonly<Record<string, unknown>>;

/** How messages name the value of a field, for example `leaseTermMs (1000)` or `FLOW_TIMEOUT_MS=1000`. */
type Show = (name: string, value: unknown) => string;

/** Every duration's name ends with `Ms`. @returns what is wrong with it, to complete its name; undefined when it is right */
export function durationProblem(name: string, value: unknown): string | undefined {
  const kind = KINDS.find((one) => one.name.test(name));
  if (!kind || (typeof value === 'number' && value >= kind.min && value <= kind.max)) return undefined;
  return `must be from ${kind.min} to ${kind.max} ms`;
}

/** A field whose own value is no number takes part in no rule. @returns one line for each rule that is broken */
export function ruleProblems(rules: readonly LimitRule[], values: Values, show: Show): string[] {
  return rules.flatMap((rule) => {
    const [names, words] =
      'atLeast' in rule ? [rule.atLeast, 'must be at least'] : [rule.longerThan, 'must be longer than'];
    const value = values[rule.field];
    const parts = names.map((name) => values[name]);
    if (typeof value !== 'number' || !parts.every((part) => typeof part === 'number')) return [];
    const least = parts.reduce((sum, part) => sum + part, 0);
    // A value that is no number at all (NaN) has a problem of its own.
    if (!(value < least || (value === least && 'longerThan' in rule))) return [];
    const shown = names.map((name) => show(name, values[name])).join(' + ');
    return [`${show(rule.field, value)} ${words} ${shown}: ${rule.reason}`];
  });
}

/**
 * What is wrong with a library's options: every option whose name ends with `Ms` is a duration in milliseconds.
 * @returns one line for each problem, so that all of them are named at once
 */
export function durationProblems(options: object, rules: readonly LimitRule[] = []): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const problem = value === undefined || !name.endsWith('Ms') ? undefined : durationProblem(name, value);
    if (problem !== undefined) problems.push(`${name} ${problem}, not ${String(value)}`);
  }
  return [...problems, ...ruleProblems(rules, options as Values, (name, value) => `${name} (${String(value)})`)];
}

/** @throws {InvalidLimitsError} that names every option of {@link durationProblems} */
export function checkDurations(options: object, rules: readonly LimitRule[] = []): void {
  const problems = durationProblems(options, rules);
  if (problems.length > 0) throw new InvalidLimitsError(problems);
}
