import { z } from 'zod';
import { Secret } from './secret.js';
import type { KeyedSecret } from './secret.js';

/** One variable of a service: the schema that reads its text, its default, and the reason why it exists. */
export interface ConfigField<T> {
  /** Turns the text of the environment into the value. Each of its messages completes `<VARIABLE> ...`. */
  readonly schema: z.ZodType<T, string>;
  readonly reason: string;
  /** Text, as in the environment. A field without a default is required, unless it is `optional`. */
  readonly default: string | undefined;
  /** An unset variable is `undefined` instead of a problem. */
  readonly optional: boolean;
  /** The value appears in no message. */
  readonly secret: boolean;
  /** The variable's name, if it is not the field's own name in capitals (`httpPort` reads HTTP_PORT). */
  readonly variable: string | undefined;
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

function field<T>(
  schema: z.ZodType<T, string>,
  options: FieldOptions<string | number | boolean>,
  secret = false,
): ConfigField<T> {
  return {
    schema,
    reason: options.reason,
    default: options.default === undefined ? undefined : String(options.default),
    optional: false,
    secret,
    variable: options.variable,
  };
}

const HOST_PORT = 'must be host:port, for example 127.0.0.1:4002';

const hostPortSchema = z
  .string()
  .regex(/^([^\s:]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/, HOST_PORT)
  .transform((text): HostPort => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, HOST_PORT);

function integerSchema(min = 0, max = Number.MAX_SAFE_INTEGER) {
  const problem = `must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' up' : ` to ${max}`}`;
  return z
    .string()
    .regex(/^-?\d+$/, problem)
    .transform(Number)
    .refine((value) => value >= min && value <= max, problem);
}

const urlSchema = (protocols: readonly string[] = ['http', 'https']) =>
  z.url({
    protocol: new RegExp(`^(${protocols.join('|')})$`),
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  });

/** `https://pay.example:8443`, as the `origin` of a URL: without a path, and without a user. */
const originSchema = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text,
    'must be an origin such as https://pay.example:8443, without a path',
  );

const secretSchema = (minLength = 1, pattern = /^/, shape = '') =>
  z
    .string()
    .min(minLength, `must have at least ${minLength} characters`)
    .regex(pattern, `must be ${shape}`)
    .transform((text) => new Secret(text));

/** What may stand in a header and comes out as it went in: a header's value has no other bytes, and loses spaces at its ends. */
const HEADER_VALUE = {
  pattern: /^[\x21-\x7e]+( +[\x21-\x7e]+)*$/,
  shape: 'printable ASCII, because it travels in a header',
};

/** Entries with commas between. Spaces around an entry, and empty entries, are ignored. */
const listSchema = <T>(entry: z.ZodType<T, string>, max = Infinity): z.ZodType<readonly T[], string> =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(entry).min(1, 'must have at least one entry').max(max, `must have at most ${max} entries`));

const KEYED_SECRET = 'must be id:secret with an id of 1 to 16 of a-z, 0-9 and "-"';

/** One `id:secret`. The id is no secret: it travels with what is signed, and tells the reader which secret to check with. */
const keyedSecretSchema = (minLength: number) =>
  z
    .string()
    .regex(/^[a-z0-9-]{1,16}:/, KEYED_SECRET)
    .transform((text): readonly [id: string, secret: string] => {
      const colon = text.indexOf(':');
      return [text.slice(0, colon), text.slice(colon + 1)];
    })
    .refine(([, secret]) => secret.length >= minLength, `must have at least ${minLength} characters after each id`)
    .transform(([id, secret]): KeyedSecret => ({ id, secret: new Secret(secret) }));

const keyedSecretsSchema = (minLength: number, max: number): z.ZodType<readonly KeyedSecret[], string> =>
  listSchema(keyedSecretSchema(minLength), max).refine(
    (list) => new Set(list.map(({ id }) => id)).size === list.length,
    'must have another id for each secret',
  );

/** The kinds of variables that services have. Every field states its reason. A field without a default is required. */
export const configField = {
  text: ({
    pattern,
    shape,
    ...options
  }: FieldOptions<string> & { readonly pattern?: RegExp; readonly shape?: string }) =>
    field(
      pattern ? z.string().regex(pattern, `must be ${shape ?? `text like ${pattern.source}`}`) : z.string(),
      options,
    ),

  integer: ({ min, max, ...options }: FieldOptions<number> & { readonly min?: number; readonly max?: number }) =>
    field(integerSchema(min, max), options),

  /** A positive number that may have decimals, for factors. */
  factor: ({ min = 0, ...options }: FieldOptions<number> & { readonly min?: number }) =>
    field(
      z
        .string()
        .transform(Number)
        .refine(
          (value) => Number.isFinite(value) && value > 0 && value >= min,
          min > 0 ? `must be a number from ${min} up` : 'must be a number greater than 0',
        ),
      options,
    ),

  /** 0 lets the system choose a free port. */
  port: (options: FieldOptions<number>) => field(integerSchema(0, 65_535), options),

  boolean: (options: FieldOptions<boolean>) =>
    field(
      z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive', error: 'must be true or false' }),
      options,
    ),

  oneOf: <const Choice extends string>(choices: readonly Choice[], options: FieldOptions<NoInfer<Choice>>) =>
    field<Choice>(z.literal(choices, `must be one of ${choices.join(', ')}`), options),

  /** An RFC 3339 instant, for example 2026-01-31T12:00:00Z. */
  instant: (options: FieldOptions<string>) =>
    field(
      z.iso
        .datetime({ offset: true, error: 'must be an instant like 2026-01-31T12:00:00Z' })
        .transform((text) => new Date(text)),
      options,
    ),

  url: ({ protocols, ...options }: FieldOptions<string> & { readonly protocols?: readonly string[] }) =>
    field(urlSchema(protocols), options),

  /** Origins with commas between. A URL is compared by its `origin`. */
  origins: (options: FieldOptions<string>) => field(listSchema(originSchema), options),

  hostPort: (options: FieldOptions<string>) => field(hostPortSchema, options),

  /** One address, or several with commas between: replicas of the same service. */
  hostPorts: (options: FieldOptions<string>) => field(listSchema(hostPortSchema), options),

  /** `minLength` counts characters. */
  secret: ({ minLength, ...options }: FieldOptions<string> & { readonly minLength?: number }) =>
    field(secretSchema(minLength), options, true),

  /** Secrets with commas between, newest first: there are two during a rotation. */
  secrets: ({
    minLength,
    max,
    ...options
  }: FieldOptions<string> & { readonly minLength?: number; readonly max?: number }) =>
    field(listSchema(secretSchema(minLength), max), options, true),

  /** The same for keys that travel in a header of HTTP. */
  headerSecrets: ({
    minLength,
    max,
    ...options
  }: FieldOptions<string> & { readonly minLength?: number; readonly max?: number }) =>
    field(listSchema(secretSchema(minLength, HEADER_VALUE.pattern, HEADER_VALUE.shape), max), options, true),

  /** Secrets with an id each, `id:secret,id:secret`. The first one signs, and all of them verify: so a secret is rotated. */
  keyedSecrets: ({
    minLength,
    max,
    ...options
  }: FieldOptions<string> & { readonly minLength: number; readonly max: number }) =>
    field(keyedSecretsSchema(minLength, max), options, true),

  /** A URL that contains a password. */
  secretUrl: ({ protocols, ...options }: FieldOptions<string> & { readonly protocols?: readonly string[] }) =>
    field(urlSchema(protocols).pipe(secretSchema()), options, true),

  /** The same field, but an unset variable is `undefined`. */
  optional: <T>(inner: ConfigField<T>): ConfigField<T | undefined> => ({ ...inner, optional: true }),
};
