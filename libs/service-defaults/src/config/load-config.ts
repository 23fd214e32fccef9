import type { LimitRule } from '@rocketshop/pg';
import { ConfigurationError } from '../errors.js';
import { demoProblems } from './demo-rules.js';
import { durationProblems } from './duration-problems.js';
import type { ConfigField } from './fields.js';

type ConfigFields = Readonly<Record<string, ConfigField<unknown>>>;

/** The values of a table of fields: `{ httpPort: ConfigField<number> }` becomes `{ httpPort: number }`. */
export type ConfigOf<F extends ConfigFields> = {
  readonly [Name in keyof F]: F[Name] extends ConfigField<infer T> ? T : never;
};

/** `httpPort` is read from HTTP_PORT. */
const variableOf = (name: string, field: ConfigField<unknown>): string =>
  field.variable ?? name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();

/**
 * Reads every field from `environment` (a `*.config.ts` passes `process.env`).
 * An empty variable counts as unset, so that compose files can pass it through.
 * Unless DEMO_DATA is true, a secret that is known, weak or used twice is a problem.
 * @param rules between the values of several fields
 * @throws {ConfigurationError} that names all problems, and never the value of a secret
 */
export function loadConfig<const F extends ConfigFields>(
  fields: F,
  environment: Readonly<Record<string, string | undefined>>,
  rules: readonly LimitRule<keyof F & string>[] = [],
): ConfigOf<F> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const variables: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) {
    const variable = variableOf(name, field);
    variables[name] = variable;
    const text = environment[variable] || field.default;
    if (text === undefined) {
      if (!field.optional) problems.push(`${variable} is required: ${field.reason}`);
      values[name] = undefined;
      continue;
    }
    const { data, error } = field.schema.safeParse(text);
    values[name] = data;
    if (!error) continue;
    const shown = field.secret ? '' : `, but is "${text}"`;
    problems.push(`${variable} ${error.issues[0]?.message}${shown} (${field.reason})`);
  }
  problems.push(...durationProblems(values, variables, rules));
  problems.push(...demoProblems(values, variables, environment));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return values as ConfigOf<F>;
}

/** One line for each variable: name, default, reason. For READMEs and `--help`. */
export function describeConfig(fields: ConfigFields): string {
  return Object.entries(fields)
    .map(([name, field]) => {
      const unset = field.default === undefined ? 'required' : `default ${field.default}`;
      return `${variableOf(name, field)} (${field.optional ? 'optional' : unset}): ${field.reason}`;
    })
    .join('\n');
}
