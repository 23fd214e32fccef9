import { HeaderFieldError } from '../errors.js';

const INT_DIGITS_MAX = 10;
const LONG_DIGITS_MAX = 19;

/** Reads an int32 from decimal text, as Java's Integer.parseInt. Throws HeaderFieldError. */
export function parseIntBytes(buffer: Buffer, start: number, end: number, field: string): number {
  const value = parseDecimal(buffer, start, end, INT_DIGITS_MAX, field);
  if (value > 0x7fffffff || value < -0x80000000) throw new HeaderFieldError(field, 'is no 32-bit number');
  return value;
}

/**
 * Reads an int64 from decimal text. A value that a number cannot hold exactly (Long.MAX_VALUE as "no limit") becomes the nearest safe
 * integer, so that comparisons with real offsets and timestamps stay right. Throws HeaderFieldError.
 */
export function parseLongBytes(buffer: Buffer, start: number, end: number, field: string): number {
  const value = parseDecimal(buffer, start, end, LONG_DIGITS_MAX, field);
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value;
}

function parseDecimal(buffer: Buffer, start: number, end: number, digitsMax: number, field: string): number {
  const sign = buffer[start];
  const negative = sign === 0x2d;
  let at = negative || sign === 0x2b ? start + 1 : start;
  // Leading zeros carry no value and do not count against the digits of the type.
  while (at < end - 1 && buffer[at] === 0x30) at += 1;
  if (at >= end || end - at > digitsMax) throw new HeaderFieldError(field, 'is no number of its type');
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (buffer[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) throw new HeaderFieldError(field, 'is no number of its type');
    value = value * 10 + digit;
  }
  return negative && value !== 0 ? -value : value;
}
