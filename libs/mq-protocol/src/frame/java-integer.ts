const DIGITS = /^[+-]?[0-9]+$/;
const LONG_MAX = 2n ** 63n - 1n;
/** More digits, without leading zeros, are in no 64-bit number. */
const LONG_DIGITS_MAX = 19;
const DECIMAL_DIGIT = /^\p{Nd}$/u;
const OTHER_SCRIPT = /[\u0080-\uffff]/g;

/**
 * Reads a number as Java's Integer.parseInt: a sign or none, then decimal digits of any script, and nothing else, not even a
 * blank. Undefined where Java throws.
 */
export function parseJavaInt(text: string): number | undefined {
  const value = parseDigits(text);
  return value === undefined || value > 0x7fffffffn || value < -0x80000000n ? undefined : Number(value);
}

/** As Long.parseLong. A value that a number cannot hold exactly becomes the nearest safe integer. */
export function parseJavaLong(text: string): number | undefined {
  const value = parseDigits(text);
  if (value === undefined || value > LONG_MAX || value < -LONG_MAX - 1n) return undefined;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Number(value)));
}

function parseDigits(text: string): bigint | undefined {
  const ascii = text.replaceAll(OTHER_SCRIPT, asciiDigit);
  if (!DIGITS.test(ascii)) return undefined;
  const digits = ascii.replace(/^[+-]?0*/, '');
  if (digits.length > LONG_DIGITS_MAX) return undefined;
  return BigInt(digits) * (ascii.startsWith('-') ? -1n : 1n);
}

/**
 * The digit 0 to 9 for a digit of another script, and the unit itself for anything else. Java looks at UTF-16 units, so a
 * digit of two units is none. The digits of a script follow each other in Unicode, 0 first.
 */
function asciiDigit(unit: string): string {
  if (!DECIMAL_DIGIT.test(unit)) return unit;
  const code = unit.charCodeAt(0);
  let value = 0;
  while (value < 9 && DECIMAL_DIGIT.test(String.fromCharCode(code - value - 1))) value += 1;
  return String(value);
}
