import { BodyError } from '../errors.js';
import type { JsonMap, JsonObject, JsonValue } from './json-value.js';

/**
 * The dialect of fastjson 1.2, which is JSON and besides:
 *   key    = "text" | 'text' | number | word | object         {0:"a"}  {{"queueId":0}:1}  {a:1}
 *   string = "text" | 'text'                                  with \xHH, \v, \0..\7 besides JSON's escapes
 * A comma before a closing bracket is accepted, as are extra blanks.
 */
export interface JsonParserLimits {
  /** @default 64 */
  depthMax?: number;
  /** UTF-16 units of the text. @default 16 Mi, the longest frame */
  lengthMax?: number;
}

const DEPTH_MAX = 64;
const LENGTH_MAX = 16 * 1024 * 1024;
const NUMBER_PATTERN = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD_PATTERN = /[A-Za-z_$][\w$]*/y;
const BLANKS_PATTERN = /[ \t\r\n]*/y;
const LONG_MAX = 0x7fffffffffffffffn;
const LONG_MIN = -0x8000000000000000n;
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  "'": "'",
  '/': '/',
  '\\': '\\',
};

/** Parses a body or its text. Throws BodyError when it is no JSON of this dialect or over a limit. */
export function parseJson(source: string | Buffer, limits: JsonParserLimits = {}): JsonValue {
  const text = typeof source === 'string' ? source : source.toString('utf8');
  if (text.length > (limits.lengthMax ?? LENGTH_MAX)) throw new BodyError('the JSON text is over the limit');
  return new Parser(text, limits.depthMax ?? DEPTH_MAX).parse();
}

class Parser {
  private position = 0;

  constructor(
    private readonly text: string,
    private readonly depthMax: number,
  ) {}

  parse(): JsonValue {
    const value = this.value(0);
    if (this.peek() !== '') throw this.broken('text after the value');
    return value;
  }

  private value(depth: number): JsonValue {
    if (depth > this.depthMax) throw this.broken('values nested too deep');
    const first = this.peek();
    if (first === '{') return this.object(depth);
    if (first === '[') return this.array(depth);
    if (first === '"' || first === "'") return this.string(first);
    if (first === '-' || (first >= '0' && first <= '9')) return this.number();
    return this.word();
  }

  private object(depth: number): JsonObject | JsonMap {
    this.position += 1;
    const object = Object.create(null) as JsonObject;
    let map: JsonMap | undefined;
    while (this.peek() !== '}') {
      const key = this.key(depth);
      this.expect(':');
      const value = this.value(depth + 1);
      // From the first key that is an object on, it is a map; what came before moves over.
      if (typeof key !== 'string') map ??= new Map(Object.entries(object));
      if (map !== undefined) map.set(key, value);
      else object[key as string] = value;
      if (!this.skipComma('}')) break;
    }
    this.expect('}');
    return map ?? object;
  }

  private key(depth: number): string | JsonObject | JsonMap | JsonValue[] {
    const first = this.peek();
    if (first === '"' || first === "'") return this.string(first);
    if (first === '{' || first === '[') return this.value(depth + 1) as JsonObject | JsonMap | JsonValue[];
    return this.match(NUMBER_PATTERN) ?? this.match(WORD_PATTERN) ?? this.fail('a member without a name');
  }

  private array(depth: number): JsonValue[] {
    this.position += 1;
    const items: JsonValue[] = [];
    while (this.peek() !== ']') {
      items.push(this.value(depth + 1));
      if (!this.skipComma(']')) break;
    }
    this.expect(']');
    return items;
  }

  private string(quote: string): string {
    const { text } = this;
    let start = this.position + 1;
    let result = '';
    for (let at = start; at < text.length; at += 1) {
      const character = text[at];
      if (character === quote) {
        this.position = at + 1;
        return result + text.slice(start, at);
      }
      if (character === '\\') {
        result += text.slice(start, at);
        this.position = at + 1;
        result += this.escape();
        start = this.position;
        at = start - 1;
      }
    }
    throw this.broken('a string without end');
  }

  /** Reads what follows a backslash. */
  private escape(): string {
    const letter = this.text[this.position] ?? '';
    this.position += 1;
    if (letter === 'u') return String.fromCharCode(this.hex(4));
    if (letter === 'x') return String.fromCharCode(this.hex(2));
    if (letter >= '0' && letter <= '7') return String.fromCharCode(Number(letter));
    return (Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined) ?? this.fail('an unknown escape');
  }

  private hex(digits: number): number {
    const text = this.text.slice(this.position, this.position + digits);
    if (text.length !== digits || !/^[0-9a-fA-F]+$/.test(text)) throw this.broken('an unknown escape');
    this.position += digits;
    return Number.parseInt(text, 16);
  }

  private number(): number | bigint {
    const text = this.match(NUMBER_PATTERN) ?? this.fail('a value that is none');
    const value = Number(text);
    if (Number.isSafeInteger(value) || /[.eE]/.test(text)) return value;
    const exact = text.length > 20 ? undefined : BigInt(text);
    if (exact === undefined || exact > LONG_MAX || exact < LONG_MIN) throw this.broken('a number beyond 64 bits');
    return exact;
  }

  private word(): null | boolean | number {
    const word = this.match(WORD_PATTERN);
    if (word === 'null' || word === 'undefined') return null;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'NaN') return Number.NaN;
    throw this.broken('a value that is none');
  }

  private skipComma(close: string): boolean {
    const next = this.peek();
    if (next === ',') {
      this.position += 1;
      return true;
    }
    if (next === close) return false;
    throw this.broken('neither comma nor end after a value');
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  private expect(character: string): void {
    if (this.peek() !== character) throw this.broken(`no ${character} where one must be`);
    this.position += 1;
  }

  /** The next character that is no blank, '' at the end. */
  private peek(): string {
    BLANKS_PATTERN.lastIndex = this.position;
    BLANKS_PATTERN.test(this.text);
    this.position = BLANKS_PATTERN.lastIndex;
    return this.text[this.position] ?? '';
  }

  private fail(what: string): never {
    throw this.broken(what);
  }

  private broken(what: string): BodyError {
    return new BodyError(`the JSON text has ${what} at ${this.position}`);
  }
}
