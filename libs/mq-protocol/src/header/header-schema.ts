import { HeaderFieldError } from '../errors.js';
import { parseJavaInt, parseJavaLong } from '../frame/java-integer.js';

/**
 * One field of a command's header. On the wire every field is text in `extFields`.
 * `Required` is part of the type so that a header's type follows from its schema.
 */
export interface HeaderField<T, Required extends boolean> {
  readonly isRequired: Required;
  read(text: string, name: string): T;
  write(value: T): string;
}

export type HeaderFields = Readonly<Record<string, HeaderField<unknown, boolean>>>;

type RequiredNames<F extends HeaderFields> = {
  [Name in keyof F]: F[Name]['isRequired'] extends true ? Name : never;
}[keyof F];
type ValueOf<Field> = Field extends HeaderField<infer T, boolean> ? T : never;

/** The header a schema describes: mandatory fields, and optional ones that may be undefined. */
export type HeaderOf<F extends HeaderFields> = { [Name in RequiredNames<F>]: ValueOf<F[Name]> } & {
  [Name in Exclude<keyof F, RequiredNames<F>>]?: ValueOf<F[Name]> | undefined;
};

function readInt(text: string, name: string): number {
  const value = parseJavaInt(text);
  if (value === undefined) throw new HeaderFieldError(name, `is no 32-bit number: ${text}`);
  return value;
}

/** Values beyond 2^53 are cut to the nearest safe integer (see frame/decimal.ts). */
function readLong(text: string, name: string): number {
  const value = parseJavaLong(text);
  if (value === undefined) throw new HeaderFieldError(name, `is no 64-bit number: ${text}`);
  return value;
}

const kinds = {
  string: { read: (text: string) => text, write: (value: string) => value },
  int: { read: readInt, write: (value: number) => String(value) },
  long: { read: readLong, write: (value: number) => String(value) },
  /** True for "true" in any case and nothing else, as Java's Boolean.parseBoolean. */
  boolean: { read: (text: string) => text.toLowerCase() === 'true', write: (value: boolean) => String(value) },
};

/** Fields a request is refused without. */
export const required = {
  string: { isRequired: true, ...kinds.string } as HeaderField<string, true>,
  int: { isRequired: true, ...kinds.int } as HeaderField<number, true>,
  long: { isRequired: true, ...kinds.long } as HeaderField<number, true>,
  boolean: { isRequired: true, ...kinds.boolean } as HeaderField<boolean, true>,
};

export const optional = {
  string: { isRequired: false, ...kinds.string } as HeaderField<string, false>,
  int: { isRequired: false, ...kinds.int } as HeaderField<number, false>,
  long: { isRequired: false, ...kinds.long } as HeaderField<number, false>,
  boolean: { isRequired: false, ...kinds.boolean } as HeaderField<boolean, false>,
};

/** Reads and writes the header of one command. */
export class HeaderSchema<F extends HeaderFields> {
  private readonly fields: readonly [name: string, field: HeaderField<unknown, boolean>][];

  constructor(fields: F) {
    this.fields = Object.entries(fields);
  }

  /** Unknown fields are ignored. Throws HeaderFieldError naming a field that is missing or not of its type. */
  decode(extFields: Record<string, string> | undefined): HeaderOf<F> {
    const header: Record<string, unknown> = {};
    for (const [name, field] of this.fields) {
      const text = extFields !== undefined && Object.hasOwn(extFields, name) ? extFields[name] : undefined;
      if (text !== undefined) header[name] = field.read(text, name);
      else if (field.isRequired) throw new HeaderFieldError(name, 'is missing');
    }
    return header as HeaderOf<F>;
  }

  encode(header: HeaderOf<F>): Record<string, string> {
    const extFields: Record<string, string> = {};
    const values = header as Record<string, unknown>;
    for (const [name, field] of this.fields) {
      const value = values[name];
      if (value !== undefined) extFields[name] = field.write(value);
    }
    return extFields;
  }
}
