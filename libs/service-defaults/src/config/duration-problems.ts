import { durationProblem, ruleProblems } from '@rocketshop/pg';
import type { LimitRule } from '@rocketshop/pg';

/**
 * What is wrong with the durations of a configuration, by variable: what the libraries refuse too, and what contradicts each other.
 * TIME_SCALE divides some of them, so that a small one makes them longer.
 */
export function durationProblems(
  values: Readonly<Record<string, unknown>>,
  variables: Readonly<Record<string, string>>,
  rules: readonly LimitRule[],
): string[] {
  const { timeScale } = values;
  const scale = typeof timeScale === 'number' ? Math.min(1, timeScale) : 1;
  const show = (name: string, value: unknown): string => `${variables[name]}=${String(value)}`;
  const problems = Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== 'number') return [];
    const problem = durationProblem(name, value / scale);
    const divided = scale < 1 ? ` divided by ${show('timeScale', scale)}` : '';
    return problem === undefined ? [] : [`${show(name, value)}${divided} ${problem}`];
  });
  return [...problems, ...ruleProblems(rules, values, show)];
}
