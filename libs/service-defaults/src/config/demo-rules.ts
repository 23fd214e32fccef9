import { Secret } from './secret.js';
import { secretProblems } from './secret-strength.js';
import type { FoundSecret } from './secret-strength.js';

/**
 * With DEMO_DATA any secret is accepted, and anybody gets a token of any buyer. Without it every secret must be a good one. So a
 * process whose configuration has `demoFields` cannot come to real buyers with the secrets or the doors of the demo.
 */
export function demoProblems(
  values: Readonly<Record<string, unknown>>,
  variables: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  if (!('demoData' in values)) return [];
  if (values['demoData'] !== true) {
    return secretProblems(Object.entries(values).flatMap(([name, value]) => secretsIn(value, variables[name] ?? name)));
  }
  if (environment['NODE_ENV'] !== 'production') return [];
  return [
    'DEMO_DATA must not be true where NODE_ENV is production: everybody would get a token of any buyer; a demo says NODE_ENV=development',
  ];
}

function secretsIn(value: unknown, variable: string): FoundSecret[] {
  if (value instanceof Secret) return foundIn(value.reveal(), variable);
  if (Array.isArray(value)) return value.flatMap((entry: unknown) => secretsIn(entry, variable));
  if (typeof value === 'object' && value !== null && 'secret' in value) return secretsIn(value.secret, variable);
  return [];
}

/** The secret of a URL is its password; there may be none, when the server does not ask for one. */
function foundIn(text: string, variable: string): FoundSecret[] {
  if (!/^[a-z]+:\/\//.test(text) || !URL.canParse(text)) return [{ variable, text }];
  const { username, password } = new URL(text);
  return password === '' ? [] : [{ variable, text: decoded(password), user: decoded(username) }];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
