import { FrameError } from '../errors.js';
import { KEY_ESCAPED, ValueKind } from './header-index.js';
import type { HeaderIndex } from './header-index.js';
import { hexDigit, simpleEscape } from './json-text.js';

/**
 * header = {"code":n,"extFields":{"k":"v",...},"flag":n,"language":"JAVA","opaque":n,"remark":"...","version":n,...}
 *
 * Members may have any order, and unknown members are skipped. Numbers may be strings. Values of `extFields` may be numbers and
 * booleans, as npm ali-ons writes them. Null counts as absent. Of equal keys the last one counts.
 *
 * The scanner is written by hand over bytes: JSON.parse takes three times as long for a SEND header, and it makes an object and a
 * string for each field, of which the broker needs a third. All functions share the scanner's state (source, position, limit), which
 * module variables hold because V8 accesses them faster than fields of an object. That is why this file is one piece.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Unknown members may be nested. A deeper nesting is an attack on the stack. */
const DEPTH_MAX = 32;
const INT_MAX = 0x7fffffff;
const INT_MIN = -0x80000000;

const name = (text: string): Buffer => Buffer.from(text, 'latin1');
const CODE = name('code');
const FLAG = name('flag');
const OPAQUE = name('opaque');
const REMARK = name('remark');
const VERSION = name('version');
const LANGUAGE = name('language');
const EXT_FIELDS = name('extFields');
const TRUE = name('true');
const FALSE = name('false');
const NULL = name('null');

/** 1 for every byte that ends a plain run inside a string: one look-up for each byte instead of three comparisons. */
const STRING_STOPS = new Uint8Array(256);
STRING_STOPS.fill(1, 0, 0x20);
STRING_STOPS[QUOTE] = 1;
STRING_STOPS[BACKSLASH] = 1;

let source: Buffer = Buffer.alloc(0);
let position = 0;
let limit = 0;
let stringStart = 0;
let stringEnd = 0;
let stringEscaped = false;

/** Scans the header between `start` and `end` into `index`. Throws FrameError. */
export function scanJsonHeader(buffer: Buffer, start: number, end: number, index: HeaderIndex): void {
  source = buffer;
  position = start;
  limit = end;
  index.clear();
  expect(OPEN_BRACE);
  if (peek() === CLOSE_BRACE) {
    position += 1;
  } else {
    do {
      readKey();
      readMember(index);
    } while (nextInObject());
  }
  skipBlanks();
  if (position !== limit) throw broken('text after the header object');
}

function readMember(index: HeaderIndex): void {
  const start = stringStart;
  const length = stringEnd - start;
  if (length === 4 && isWord(CODE, start)) index.code = readInt();
  else if (length === 4 && isWord(FLAG, start)) index.flag = readInt();
  else if (length === 6 && isWord(OPAQUE, start)) index.opaque = readInt();
  else if (length === 7 && isWord(VERSION, start)) index.version = readInt();
  else if (length === 8 && isWord(LANGUAGE, start)) readLanguage(index);
  else if (length === 6 && isWord(REMARK, start)) readRemark(index);
  else if (length === 9 && isWord(EXT_FIELDS, start)) readExtFields(index);
  else skipValue(1);
}

function readLanguage(index: HeaderIndex): void {
  if (peek() !== QUOTE) {
    index.languageOrdinal = 0;
    skipValue(1);
    return;
  }
  readString();
  index.languageOrdinal = -1;
  index.languageStart = stringStart;
  index.languageEnd = stringEnd;
}

function readRemark(index: HeaderIndex): void {
  if (peek() !== QUOTE) {
    index.remarkStart = -1;
    skipValue(1);
    return;
  }
  readString();
  index.remarkStart = stringStart;
  index.remarkEnd = stringEnd;
  index.remarkEscaped = stringEscaped;
}

function readExtFields(index: HeaderIndex): void {
  index.fieldCount = 0;
  index.hasExtFields = false;
  if (peek() !== OPEN_BRACE) {
    readWord(NULL);
    return;
  }
  position += 1;
  index.hasExtFields = true;
  if (peek() === CLOSE_BRACE) {
    position += 1;
    return;
  }
  while (!readCompactFields(index)) {
    readField(index);
    if (!nextInObject()) return;
    skipBlanks();
  }
}

/**
 * Reads members in the form that every client writes: `"key":"value",` without blanks and without escapes in the key. Two thirds of
 * the scan run here, so everything is in local variables: that takes 30 % less time for the whole header.
 * @returns true when the end of the object was read, false before a member that `readField` must read
 */
function readCompactFields(index: HeaderIndex): boolean {
  const bytes = source;
  const end = limit;
  const stops = STRING_STOPS;
  let at = position;
  for (;;) {
    const keyStart = at + 1;
    position = at;
    if (at >= end || bytes[at] !== QUOTE) return false;
    at = keyStart;
    while (at < end && stops[bytes[at] as number] === 0) at += 1;
    const keyEnd = at;
    const valueStart = at + 3;
    if (valueStart >= end || bytes[at] !== QUOTE || bytes[at + 1] !== COLON || bytes[at + 2] !== QUOTE) return false;
    at = valueStart;
    let kind: number = ValueKind.PLAIN;
    for (;;) {
      while (at < end && stops[bytes[at] as number] === 0) at += 1;
      if (at >= end) throw broken('a string without end');
      if (bytes[at] === QUOTE) break;
      if (bytes[at] !== BACKSLASH) throw broken('a control character in a string');
      kind = ValueKind.ESCAPED;
      at = skipEscape(at);
    }
    index.add(bytes, keyStart, keyEnd, valueStart, at, kind);
    at += 1;
    if (at < end && bytes[at] === COMMA) {
      at += 1;
    } else {
      position = at;
      if (!nextInObject()) return true;
      skipBlanks();
      at = position;
    }
  }
}

/** Reads one member of any form. */
function readField(index: HeaderIndex): void {
  readKey();
  const keyStart = stringStart;
  const keyEnd = stringEnd;
  const keyKind = stringEscaped ? KEY_ESCAPED : 0;
  const first = peek();
  if (first === QUOTE) {
    readString();
    const kind = stringEscaped ? ValueKind.ESCAPED : ValueKind.PLAIN;
    index.add(source, keyStart, keyEnd, stringStart, stringEnd, kind + keyKind);
    return;
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) throw broken('a nested value in extFields');
  const valueStart = position;
  skipScalar(first);
  const kind = first === NULL[0] ? ValueKind.NULL : ValueKind.PLAIN;
  index.add(source, keyStart, keyEnd, valueStart, position, kind + keyKind);
}

/** Reads `"key":` into the string variables. */
function readKey(): void {
  if (peek() !== QUOTE) throw broken('a member without a quoted name');
  readString();
  expect(COLON);
}

/** After a member: true when another one follows. */
function nextInObject(): boolean {
  const byte = peek();
  position += 1;
  if (byte === COMMA) return true;
  if (byte === CLOSE_BRACE) return false;
  throw broken('neither comma nor end after a member');
}

function readString(): void {
  let at = position + 1;
  const end = limit;
  const bytes = source;
  const ends = STRING_STOPS;
  stringStart = at;
  stringEscaped = false;
  for (;;) {
    while (at < end && ends[bytes[at] as number] === 0) at += 1;
    if (at >= end) throw broken('a string without end');
    const byte = bytes[at];
    if (byte === QUOTE) {
      stringEnd = at;
      position = at + 1;
      return;
    }
    if (byte !== BACKSLASH) throw broken('a control character in a string');
    stringEscaped = true;
    at = skipEscape(at);
  }
}

function skipEscape(at: number): number {
  if (at + 1 >= limit) throw broken('a string without end');
  if (simpleEscape(source[at + 1] ?? 0) >= 0) return at + 2;
  if (source[at + 1] !== 0x75 || at + 6 > limit) throw broken('an unknown escape');
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    if (hexDigit(source[digit] ?? 0) < 0) throw broken('an unknown escape');
  }
  return at + 6;
}

/** An int32, plain or in quotes; null reads as 0. */
function readInt(): number {
  const first = peek();
  if (first === NULL[0]) {
    readWord(NULL);
    return 0;
  }
  const quoted = first === QUOTE;
  if (quoted) position += 1;
  const negative = source[position] === MINUS;
  if (negative) position += 1;
  const digits = position;
  let value = 0;
  while (position < limit && position - digits <= 10) {
    const digit = (source[position] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    position += 1;
  }
  if (position === digits) throw broken('a number without digits');
  if (negative) value = -value;
  if (value > INT_MAX || value < INT_MIN) throw broken('a number beyond 32 bits');
  if (quoted && (position >= limit || source[position++] !== QUOTE)) throw broken('a number with other text');
  return value + 0;
}

function skipValue(depth: number): void {
  const first = peek();
  if (first === QUOTE) {
    readString();
  } else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    if (depth >= DEPTH_MAX) throw broken('values nested too deep');
    position += 1;
    skipMembers(first === OPEN_BRACE, depth);
  } else {
    skipScalar(first);
  }
}

function skipMembers(isObject: boolean, depth: number): void {
  const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET;
  if (peek() === close) {
    position += 1;
    return;
  }
  for (;;) {
    if (isObject) readKey();
    skipValue(depth + 1);
    const byte = peek();
    position += 1;
    if (byte === close) return;
    if (byte !== COMMA) throw broken('neither comma nor end after a value');
  }
}

function skipScalar(first: number): void {
  if (first === TRUE[0]) readWord(TRUE);
  else if (first === FALSE[0]) readWord(FALSE);
  else if (first === NULL[0]) readWord(NULL);
  else skipNumber();
}

/** number = -? digits ( . digits )? ( [eE] [+-]? digits )? */
function skipNumber(): void {
  if (source[position] === MINUS) position += 1;
  skipDigits();
  if (position < limit && source[position] === DOT) {
    position += 1;
    skipDigits();
  }
  if (position < limit && ((source[position] ?? 0) | 0x20) === 0x65) {
    position += 1;
    if (source[position] === PLUS || source[position] === MINUS) position += 1;
    skipDigits();
  }
}

function skipDigits(): void {
  const start = position;
  while (position < limit && (source[position] ?? 0) >= 0x30 && (source[position] ?? 0) <= 0x39) position += 1;
  if (position === start) throw broken('a value that is none');
}

function readWord(word: Buffer): void {
  if (position + word.length > limit || !isWord(word, position)) throw broken('a value that is none');
  position += word.length;
}

function isWord(word: Buffer, start: number): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (source[start + index] !== word[index]) return false;
  }
  return true;
}

function expect(byte: number): void {
  if (peek() !== byte) throw broken(`no ${String.fromCharCode(byte)} where one must be`);
  position += 1;
}

function peek(): number {
  const next = position < limit ? (source[position] as number) : 0;
  if (next > 0x20) return next;
  skipBlanks();
  if (position >= limit) throw broken('a header without end');
  return source[position] as number;
}

function skipBlanks(): void {
  while (position < limit) {
    const byte = source[position] ?? 0;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
    position += 1;
  }
}

function broken(what: string): FrameError {
  return new FrameError(`the JSON header has ${what}`);
}
