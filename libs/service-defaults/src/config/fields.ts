import { Secret } from './secret.js';

/** What a field's reader answers: the value, or a sentence that says what is wrong and how it should look. */
export type FieldResult<T> = { readonly value: T } | { readonly problem: string };

/** One variable of a service: how it is read, what it is when nobody sets it, and why it exists. */
export interface ConfigField<T> {
  readonly reason: string;
  /** Text as it would stand in the environment. Without it the variable is required, unless `optional`. */
  readonly default?: string;
  /** Unset is `undefined` instead of a problem. */
  readonly optional: boolean;
  readonly secret: boolean;
  /** The variable's name where it is not the field's own name in capitals (`httpPort` reads HTTP_PORT). */
  readonly variable?: string;
  read(text: string): FieldResult<T>;
}

export interface FieldOptions<T> {
  readonly reason: string;
  readonly default?: T;
  readonly variable?: string;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface FieldShape<T> {
  readonly options: { readonly reason: string; readonly variable?: string };
  readonly defaultText: string | undefined;
  readonly secret?: boolean;
  readonly read: (text: string) => FieldResult<T>;
}

function field<T>(shape: FieldShape<T>): ConfigField<T> {
  return {
    reason: shape.options.reason,
    optional: false,
    secret: shape.secret ?? false,
    read: shape.read,
    ...(shape.defaultText === undefined ? {} : { default: shape.defaultText }),
    ...(shape.options.variable === undefined ? {} : { variable: shape.options.variable }),
  };
}

const asText = (value: number | boolean | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

function readHostPort(text: string): FieldResult<HostPort> {
  const match = /^(?<host>[^\s:]+|\[[0-9a-fA-F:]+\]):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (!match?.groups?.['host'] || !(port >= 1 && port <= 65_535)) {
    return { problem: 'must be host:port, for example 127.0.0.1:4002' };
  }
  return { value: { host: match.groups['host'].replace(/^\[|\]$/g, ''), port } };
}

function readList<T>(text: string, read: (item: string) => FieldResult<T>): FieldResult<readonly T[]> {
  const values: T[] = [];
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue;
    const result = read(item);
    if ('problem' in result) return result;
    values.push(result.value);
  }
  return values.length > 0 ? { value: values } : { problem: 'must have at least one entry' };
}

/** Readers for the kinds of variables services have. Each takes a reason; without a default the variable is required. */
export const configField = {
  text: (options: FieldOptions<string> & { readonly pattern?: RegExp; readonly shape?: string }): ConfigField<string> =>
    field({
      options,
      defaultText: options.default,
      read: (text) =>
        options.pattern && !options.pattern.test(text)
          ? { problem: `must be ${options.shape ?? `text like ${options.pattern.source}`}` }
          : { value: text },
    }),

  integer: (options: FieldOptions<number> & { readonly min?: number; readonly max?: number }): ConfigField<number> =>
    field({
      options,
      defaultText: asText(options.default),
      read: (text) => {
        const value = Number(text);
        const min = options.min ?? 0;
        const max = options.max ?? Number.MAX_SAFE_INTEGER;
        if (/^-?\d+$/.test(text) && value >= min && value <= max) return { value };
        return {
          problem: `must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' up' : ` to ${max}`}`,
        };
      },
    }),

  /** A positive number that may have decimals, for factors. */
  factor: (options: FieldOptions<number>): ConfigField<number> =>
    field({
      options,
      defaultText: asText(options.default),
      read: (text) => {
        const value = Number(text);
        return Number.isFinite(value) && value > 0 ? { value } : { problem: 'must be a number greater than 0' };
      },
    }),

  /** 0 lets the system choose a free port. */
  port: (options: FieldOptions<number>): ConfigField<number> =>
    configField.integer({ ...options, min: 0, max: 65_535 }),

  boolean: (options: FieldOptions<boolean>): ConfigField<boolean> =>
    field({
      options,
      defaultText: asText(options.default),
      read: (text) => (/^(true|false)$/.test(text) ? { value: text === 'true' } : { problem: 'must be true or false' }),
    }),

  oneOf: <const Choice extends string>(
    choices: readonly Choice[],
    options: FieldOptions<NoInfer<Choice>>,
  ): ConfigField<Choice> =>
    field({
      options,
      defaultText: options.default,
      read: (text) => {
        const choice = choices.find((candidate) => candidate === text);
        return choice === undefined ? { problem: `must be one of ${choices.join(', ')}` } : { value: choice };
      },
    }),

  url: (options: FieldOptions<string> & { readonly protocols?: readonly string[] }): ConfigField<string> =>
    field({ options, defaultText: options.default, read: (text) => readUrl(text, options.protocols) }),

  hostPort: (options: FieldOptions<string>): ConfigField<HostPort> =>
    field({ options, defaultText: options.default, read: readHostPort }),

  /** One address or several with commas: replicas of the same service. */
  hostPorts: (options: FieldOptions<string>): ConfigField<readonly HostPort[]> =>
    field({ options, defaultText: options.default, read: (text) => readList(text, readHostPort) }),

  /** Never printed. `minLength` counts characters. */
  secret: (options: FieldOptions<string> & { readonly minLength?: number }): ConfigField<Secret> =>
    field({ options, defaultText: options.default, secret: true, read: (text) => readSecret(text, options.minLength) }),

  /** Comma separated secrets, newest first: two while one is being rotated. Never printed. */
  secrets: (
    options: FieldOptions<string> & { readonly minLength?: number; readonly max?: number },
  ): ConfigField<readonly Secret[]> =>
    field({
      options,
      defaultText: options.default,
      secret: true,
      read: (text) => {
        const result = readList(text, (item) => readSecret(item, options.minLength));
        if ('value' in result && options.max !== undefined && result.value.length > options.max) {
          return { problem: `must have at most ${options.max} entries` };
        }
        return result;
      },
    }),

  /** A URL that carries a password. Never printed. */
  secretUrl: (options: FieldOptions<string> & { readonly protocols?: readonly string[] }): ConfigField<Secret> =>
    field({
      options,
      defaultText: options.default,
      secret: true,
      read: (text) => {
        const result = readUrl(text, options.protocols);
        return 'problem' in result ? result : { value: new Secret(text) };
      },
    }),

  /** The same field, but unset is `undefined`. */
  optional: <T>(inner: ConfigField<T>): ConfigField<T | undefined> => ({ ...inner, optional: true }),
};

function readUrl(text: string, protocols: readonly string[] = ['http', 'https']): FieldResult<string> {
  const shape = `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`;
  if (!URL.canParse(text)) return { problem: shape };
  const { protocol } = new URL(text);
  return protocols.includes(protocol.slice(0, -1)) ? { value: text } : { problem: shape };
}

function readSecret(text: string, minLength = 1): FieldResult<Secret> {
  return text.length >= minLength
    ? { value: new Secret(text) }
    : { problem: `must have at least ${minLength} characters` };
}
