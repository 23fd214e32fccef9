import { ProblemError } from './problem-error.js';

/** The deepest JSON that is read. A schema that calls itself for each level would end the stack. */
const DEPTH_MAX = 32;
/** Names that change what an object is, not what it holds. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const [QUOTE, BACKSLASH, COMMA, U] = [0x22, 0x5c, 0x2c, 0x75];
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d];

/** What is wrong with JSON that a parser accepts, as the code of a problem. */
export type JsonFault = 'JSON_TOO_DEEP' | 'JSON_KEY_REPEATED' | 'JSON_KEY_FORBIDDEN' | 'JSON_TEXT_INVALID';

const DETAILS: Readonly<Record<JsonFault, string>> = {
  JSON_TOO_DEEP: `Arrays and objects may be nested ${DEPTH_MAX} levels deep.`,
  JSON_KEY_REPEATED: 'An object names a member twice, so that two readers could see two values.',
  JSON_KEY_FORBIDDEN: 'An object has a member whose name is not allowed.',
  JSON_TEXT_INVALID: 'A text contains U+0000 or half of a surrogate pair, which no database can hold.',
};

/**
 * Reads a JSON body.
 * @throws {ProblemError} 400 with a code of its own for what the parser would accept and nobody should
 */
export function parseJsonBody(body: Buffer): unknown {
  const text = body.toString();
  const fault = jsonFault(text);
  if (fault)
    throw new ProblemError({ status: 400, code: fault, title: 'The body is not valid.', detail: DETAILS[fault] });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProblemError({ status: 400, code: 'JSON_INVALID', title: 'The body is not JSON.' });
  }
}

/** Finds a fault in one pass over the text, without recursion and before anything is built. It does not check the syntax. */
export function jsonFault(text: string): JsonFault | undefined {
  // One entry a level: the names of an object's members so far; undefined for an array.
  const levels: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  // Nearly no body has escapes. The end of a string is found several times faster then.
  const findEnd = text.includes('\\') ? endOfString : endOfPlainString;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = findEnd(text, at);
      if (end < 0) return 'JSON_TEXT_INVALID';
      if (isKeyNext) {
        const fault = faultOfKey(text.slice(at, end + 1), levels.at(-1));
        if (fault) return fault;
        isKeyNext = false;
      }
      at = end;
    } else if (code === BRACE || code === BRACKET) {
      if (levels.length === DEPTH_MAX) return 'JSON_TOO_DEEP';
      isKeyNext = code === BRACE;
      levels.push(isKeyNext ? new Set() : undefined);
    } else if (code === BRACE_END || code === BRACKET_END) {
      levels.pop();
      isKeyNext = false;
    } else if (code === COMMA) {
      isKeyNext = levels.at(-1) !== undefined;
    }
  }
  return undefined;
}

/** The same as {@link endOfString} in a text without escapes. */
function endOfPlainString(text: string, start: number): number {
  const end = text.indexOf('"', start + 1);
  return end < 0 ? text.length : end;
}

/** @returns the index of the closing quote, the end of a text that has none, or -1 for a character that no database holds */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code !== BACKSLASH) continue;
    at++;
    if (text.charCodeAt(at) !== U) continue;
    const unit = Number.parseInt(text.slice(at + 1, at + 5), 16);
    if (unit === 0 || isLow(unit)) return -1;
    if (isHigh(unit)) {
      if (text.slice(at + 5, at + 7) !== '\\u' || !isLow(Number.parseInt(text.slice(at + 7, at + 11), 16))) return -1;
      at += 6;
    }
    at += 4;
  }
  return text.length;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function faultOfKey(quoted: string, seen: Set<string> | undefined): JsonFault | undefined {
  const key = quoted.includes('\\') ? decoded(quoted) : quoted.slice(1, -1);
  if (FORBIDDEN_KEYS.has(key)) return 'JSON_KEY_FORBIDDEN';
  if (seen?.has(key)) return 'JSON_KEY_REPEATED';
  seen?.add(key);
  return undefined;
}

/** A key may be spelled with escapes: `"\u0061"` is `"a"`. */
function decoded(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
