import { BodyError } from '../errors.js';
import { parseJson } from './json-parser.js';
import { writeJson } from './json-writer.js';
import { isJsonObject } from './json-value.js';
import type { JsonObject, JsonValue } from './json-value.js';

/** A number in quotes. Number() would also take blanks, and hexadecimal digits, which Java refuses. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads members of a parsed body into their types, as leniently as fastjson: numbers may stand as text, booleans as
 * text, and null is as good as absent. Throws BodyError for what cannot be meant.
 */
export class JsonReader {
  private constructor(
    private readonly members: JsonObject,
    private readonly path: string,
  ) {}

  /** Reads a body that must be an object. */
  static parse(body: Buffer | string | undefined, what: string): JsonReader {
    if (body === undefined) throw new BodyError(`${what}: there is no body`);
    return JsonReader.of(parseJson(body), what);
  }

  static of(value: JsonValue | undefined, path: string): JsonReader {
    if (!isJsonObject(value)) throw new BodyError(`${path} is no object`);
    return new JsonReader(value, path);
  }

  /** What is read from, as it was parsed. */
  get self(): JsonObject {
    return this.members;
  }

  has(member: string): boolean {
    return this.get(member) !== undefined;
  }

  string(member: string, missing?: string): string {
    const value = this.optionalString(member) ?? missing;
    if (value === undefined) throw this.problem(member, 'is missing');
    return value;
  }

  optionalString(member: string): string | undefined {
    const value = this.get(member);
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'object') throw this.problem(member, 'is no text');
    return String(value);
  }

  /** An integer or a float. Integers a number cannot hold exactly are rounded. */
  number(member: string, missing?: number): number {
    const value = this.optionalNumber(member) ?? missing;
    if (value === undefined) throw this.problem(member, 'is missing');
    return value;
  }

  optionalNumber(member: string): number | undefined {
    const value = this.get(member);
    return value === undefined ? undefined : this.toNumber(value, member);
  }

  /** An int64: a bigint where a number cannot hold it exactly. */
  long(member: string, missing: number | bigint): number | bigint {
    const value = this.get(member) ?? missing;
    return typeof value === 'bigint' ? value : this.toNumber(value, member);
  }

  boolean(member: string, missing: boolean): boolean {
    const value = this.get(member);
    if (value === undefined) return missing;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string') return value.toLowerCase() === 'true';
    if (typeof value === 'number') return value === 1;
    throw this.problem(member, 'is no boolean');
  }

  object(member: string): JsonReader | undefined {
    const value = this.get(member);
    return value === undefined ? undefined : JsonReader.of(value, `${this.path}.${member}`);
  }

  /** The items of an array, each read by `read`; an absent array is empty. */
  array<T>(member: string, read: (item: JsonValue, path: string) => T): T[] {
    const value = this.get(member);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.problem(member, 'is no array');
    return value.map((item, index) => read(item, `${this.path}.${member}[${index}]`));
  }

  strings(member: string): string[] {
    return this.array(member, scalarText);
  }

  /** Numbers, which Go writes as text. */
  numbers(member: string): number[] {
    return this.array(member, (item) => this.toNumber(item, member));
  }

  objects<T>(member: string, read: (item: JsonReader) => T): T[] {
    return this.array(member, (item, path) => read(JsonReader.of(item, path)));
  }

  /** Members of an object with text keys. */
  entries<T>(member: string, read: (value: JsonValue, path: string) => T): Map<string, T> {
    const result = new Map<string, T>();
    const value = this.get(member);
    if (value === undefined) return result;
    if (!isJsonObject(value)) throw this.problem(member, 'is no object');
    for (const [key, item] of Object.entries(value)) {
      if (item !== null) result.set(key, read(item, `${this.path}.${member}.${key}`));
    }
    return result;
  }

  /** Members of an object whose keys are objects; an empty plain object is an empty one. */
  objectEntries<T>(member: string, read: (key: JsonReader, value: JsonValue, path: string) => T): T[] {
    const value = this.get(member);
    if (value === undefined) return [];
    if (isJsonObject(value) && Object.keys(value).length === 0) return [];
    if (!(value instanceof Map)) throw this.problem(member, 'has keys that are no objects');
    const path = `${this.path}.${member}`;
    return [...value].map(([key, item]) => read(JsonReader.of(key, path), item, path));
  }

  /** A member as it was parsed; null is as good as absent. */
  get(member: string): Exclude<JsonValue, null> | undefined {
    return Object.hasOwn(this.members, member) ? (this.members[member] ?? undefined) : undefined;
  }

  private toNumber(value: JsonValue, member: string): number {
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    const parsed = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(parsed)) throw this.problem(member, 'is no number');
    return parsed;
  }

  private problem(member: string, what: string): BodyError {
    return new BodyError(`${this.path}.${member} ${what}`);
  }
}

/** A scalar as text; what is nested stays JSON text, as fastjson reads it into a String. */
export function scalarText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? writeJson(value) : String(value);
}
