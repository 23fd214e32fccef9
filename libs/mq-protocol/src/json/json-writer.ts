import { BodyError } from '../errors.js';

/** What the writer takes. Members that are undefined or null are left out, as fastjson does; in arrays they are null. */
export type Writable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | readonly Writable[]
  | ReadonlyMap<Writable, Writable>
  | object;

export interface JsonWriterOptions {
  /**
   * How the keys of a `Map<number, X>` stand: fastjson writes them without quotes, standard JSON (and routes asked for
   * by version 401 and later) with. @default 'unquoted'
   */
  numericKeys?: 'quoted' | 'unquoted';
}

/** Text that is JSON already: it was written before, and stands as it is. */
export class WrittenJson {
  constructor(readonly text: string) {}
}

const DEPTH_MAX = 64;

/**
 * Writes compact text in fastjson's dialect. Objects keep their members' order; a Map is an object whose keys may be
 * numbers (see `numericKeys`) or objects, which stand as they are: `{{"queueId":0}:1}`. Throws BodyError for values
 * JSON has no words for and for nesting without end.
 */
export function writeJson(value: Writable, options: JsonWriterOptions = {}): string {
  return write(value, options.numericKeys === 'quoted', 0);
}

/** As `writeJson`, in UTF-8. */
export function writeJsonBody(value: Writable, options: JsonWriterOptions = {}): Buffer {
  return Buffer.from(writeJson(value, options));
}

function write(value: Writable, quoteNumbers: boolean, depth: number): string {
  if (depth > DEPTH_MAX) throw new BodyError('a value is nested too deep to be written');
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'object') return writeContainer(value, quoteNumbers, depth);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw new BodyError('a function or a symbol cannot be written as JSON');
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new BodyError(`${value} cannot be written as JSON`);
  return Number.isInteger(value) && Math.abs(value) >= 1e21 ? BigInt(value).toString() : String(value);
}

function writeContainer(value: object, quoteNumbers: boolean, depth: number): string {
  if (Array.isArray(value)) {
    return `[${(value as Writable[]).map((item) => write(item, quoteNumbers, depth + 1)).join(',')}]`;
  }
  if (value instanceof WrittenJson) return value.text;
  if (value instanceof Set) return write([...(value as Set<Writable>)], quoteNumbers, depth);
  const members: string[] = [];
  if (value instanceof Map) {
    for (const [key, member] of value as Map<Writable, Writable>) {
      if (member !== undefined && member !== null) {
        members.push(`${writeKey(key, quoteNumbers, depth)}:${write(member, quoteNumbers, depth + 1)}`);
      }
    }
  } else {
    for (const [key, member] of Object.entries(value) as [string, Writable][]) {
      if (member !== undefined && member !== null) {
        members.push(`${JSON.stringify(key)}:${write(member, quoteNumbers, depth + 1)}`);
      }
    }
  }
  return `{${members.join(',')}}`;
}

function writeKey(key: Writable, quoteNumbers: boolean, depth: number): string {
  if (typeof key === 'number' || typeof key === 'bigint') return quoteNumbers ? `"${key}"` : String(key);
  return write(key, quoteNumbers, depth + 1);
}
