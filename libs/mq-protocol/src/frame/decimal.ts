import { HeaderFieldError } from '../errors.js';
import { parseJavaInt, parseJavaLong } from './java-integer.js';

const INT_DIGITS_MAX = 10;
/** A 64-bit number of 19 digits may be too large, and a number cannot tell. */
const LONG_DIGITS_MAX = 18;

/** Reads an int32 from decimal text, as Java's Integer.parseInt. Throws HeaderFieldError. */
export function parseIntBytes(buffer: Buffer, start: number, end: number, field: string): number {
  const value = parseAscii(buffer, start, end, INT_DIGITS_MAX) ?? parseJavaInt(buffer.toString('utf8', start, end));
  if (value === undefined) throw new HeaderFieldError(field, 'is no 32-bit number');
  if (value > 0x7fffffff || value < -0x80000000) throw new HeaderFieldError(field, 'is no 32-bit number');
  return value;
}

/**
 * Reads an int64 from decimal text. A value that a number cannot hold exactly (Long.MAX_VALUE as "no limit") becomes the nearest safe
 * integer, so that comparisons with real offsets and timestamps stay right. Throws HeaderFieldError.
 */
export function parseLongBytes(buffer: Buffer, start: number, end: number, field: string): number {
  const value = parseAscii(buffer, start, end, LONG_DIGITS_MAX) ?? parseJavaLong(buffer.toString('utf8', start, end));
  if (value === undefined) throw new HeaderFieldError(field, 'is no 64-bit number');
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value;
}

/** The usual numbers, without a string for each. Undefined for what is to be looked at more closely. */
function parseAscii(buffer: Buffer, start: number, end: number, digitsMax: number): number | undefined {
  const sign = buffer[start];
  const negative = sign === 0x2d;
  let at = negative || sign === 0x2b ? start + 1 : start;
  // Leading zeros carry no value and do not count against the digits of the type.
  while (at < end - 1 && buffer[at] === 0x30) at += 1;
  if (at >= end || end - at > digitsMax) return undefined;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (buffer[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative && value !== 0 ? -value : value;
}
