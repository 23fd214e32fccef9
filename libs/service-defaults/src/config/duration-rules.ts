import { DURATION_MAX_MS } from '@rocketshop/pg';

type Values = Readonly<Record<string, unknown>>;
type Variables = Readonly<Record<string, string>>;

/** A limit between durations: `atLeast` names fields whose sum `field` must reach. */
export interface ConfigRule<Name extends string = string> {
  readonly field: Name;
  readonly atLeast: readonly Name[];
  readonly reason: string;
}

/** Every number whose field ends with `Ms` is a duration. TIME_SCALE divides some, so that a small one makes them longer. */
export function durationProblems(values: Values, variables: Variables): string[] {
  const { timeScale } = values;
  const scale = typeof timeScale === 'number' ? Math.min(1, timeScale) : 1;
  return Object.entries(values).flatMap(([name, value]) => {
    if (!name.endsWith('Ms') || typeof value !== 'number' || value / scale <= DURATION_MAX_MS) return [];
    const divided = scale < 1 ? ` divided by ${variables['timeScale'] ?? 'TIME_SCALE'}=${scale}` : '';
    return [`${variables[name]}=${value}${divided} must be at most ${DURATION_MAX_MS} ms: no timer waits longer`];
  });
}

/** A field whose own value is wrong has a problem already, and takes part in no rule. */
export function ruleProblems(rules: readonly ConfigRule[], values: Values, variables: Variables): string[] {
  return rules.flatMap(({ field, atLeast, reason }) => {
    const value = values[field];
    const parts = atLeast.map((name) => values[name]);
    if (typeof value !== 'number' || !parts.every((part) => typeof part === 'number')) return [];
    if (value >= parts.reduce((sum, part) => sum + part, 0)) return [];
    const least = atLeast.map((name) => `${variables[name]}=${String(values[name])}`).join(' + ');
    return [`${variables[field]}=${value} must be at least ${least}: ${reason}`];
  });
}
