import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { optional } from '../header/header-schema.js';
import { parseIntBytes, parseLongBytes } from './decimal.js';
import { parseJavaInt, parseJavaLong } from './java-integer.js';

/** Recorded from the DELAY property and the queueId field of an Apache RocketMQ 5.5.0; undefined where it throws. */
const INTS: [text: string, value: number | undefined][] = [
  ['1', 1],
  ['+1', 1],
  ['-1', -1],
  ['-0', 0],
  ['01', 1],
  ['000000000000000000001', 1],
  ['99', 99],
  ['٣', 3],
  ['１', 1],
  ['1١', 11],
  ['-٣', -3],
  ['2147483647', 2_147_483_647],
  ['-2147483648', -2_147_483_648],
  ['', undefined],
  ['+', undefined],
  ['-', undefined],
  ['--1', undefined],
  ['+-1', undefined],
  ['0x1', undefined],
  ['0b1', undefined],
  ['1e0', undefined],
  [' 1', undefined],
  ['1 ', undefined],
  ['1\u0000', undefined],
  ['\u00a01', undefined],
  ['1.0', undefined],
  ['1_0', undefined],
  ['1n', undefined],
  ['x', undefined],
  ['𝟏', undefined],
  ['²', undefined],
  ['Ⅷ', undefined],
  ['NaN', undefined],
  ['Infinity', undefined],
  ['2147483648', undefined],
  ['-2147483649', undefined],
  ['9'.repeat(1_000), undefined],
];

const LONGS: [text: string, value: number | undefined][] = [
  ['-9007199254740991', Number.MIN_SAFE_INTEGER],
  ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['-9223372036854775808', Number.MIN_SAFE_INTEGER],
  ['9223372036854775808', undefined],
  ['-9223372036854775809', undefined],
  ['٩٢٢٣٣٧٢٠٣٦٨٥٤٧٧٥٨٠٨', undefined],
  ['9999999999999999999', undefined],
];

const orUndefined = (read: () => number): number | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

describe('an integer as Java parses it', () => {
  it.each(INTS)('%j as an int is %p, in a property, a header and a frame', (text, value) => {
    const bytes = Buffer.from(`<${text}>`);
    expect([
      parseJavaInt(text),
      orUndefined(() => optional.int.read(text, 'f')),
      orUndefined(() => parseIntBytes(bytes, 1, bytes.length - 1, 'f')),
    ]).toEqual([value, value, value]);
  });

  it.each([...LONGS, ...INTS.slice(0, 11)])('%j as a long is %p', (text, value) => {
    const bytes = Buffer.from(`<${text}>`);
    expect([
      parseJavaLong(text),
      orUndefined(() => optional.long.read(text, 'f')),
      orUndefined(() => parseLongBytes(bytes, 1, bytes.length - 1, 'f')),
    ]).toEqual([value, value, value]);
  });

  it('knows the digits of every script that Java knows, with their values', () => {
    const zeros = [0x660, 0x6f0, 0x7c0, 0x966, 0xe50, 0xf20, 0x17e0, 0x1810, 0x1c40, 0x1c50, 0xa620, 0xa9d0, 0xff10];
    for (const zero of zeros) {
      const digits = Array.from({ length: 10 }, (_, digit) => String.fromCharCode(zero + digit)).join('');
      expect(parseJavaInt(digits)).toBe(123_456_789);
    }
  });

  it('reads every text the same from a property, a header and a frame', () => {
    const unit = fc.constantFrom(...Array.from('0123456789+- .xeE_n٣１𝟏'), '\u0000');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 22 }), (text) => {
        const bytes = Buffer.from(text);
        const int = parseJavaInt(text);
        expect(orUndefined(() => optional.int.read(text, 'f'))).toBe(int);
        expect(orUndefined(() => parseIntBytes(bytes, 0, bytes.length, 'f'))).toBe(int);
        const long = parseJavaLong(text);
        expect(orUndefined(() => optional.long.read(text, 'f'))).toBe(long);
        expect(orUndefined(() => parseLongBytes(bytes, 0, bytes.length, 'f'))).toBe(long);
        expect(int ?? long).toBe(long);
      }),
      { numRuns: 2_000 },
    );
  });
});
