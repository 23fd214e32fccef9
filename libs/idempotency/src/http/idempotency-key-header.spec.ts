import { expect, it } from '@jest/globals';
import { parseIdempotencyKey } from './idempotency-key-header.js';

it.each([
  ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['  "with space and / slash" ', 'with space and / slash'],
  [String.raw`"a \"quoted\" \\ key"`, String.raw`a "quoted" \ key`],
  ['cart.7~a:b_c', 'cart.7~a:b_c'],
  [`"${'x'.repeat(128)}"`, 'x'.repeat(128)],
])('%p is the key %p', (header, key) => {
  expect(parseIdempotencyKey(header)).toBe(key);
});

it.each([
  undefined,
  '',
  '""',
  '"',
  '"open',
  'close"',
  'two words',
  String.raw`"bad \escape"`,
  '"tab\there"',
  '"ümlaut"',
  '-leading',
  'a,b',
  `"${'x'.repeat(129)}"`,
])('%p is no key', (header) => {
  expect(parseIdempotencyKey(header)).toBeUndefined();
});

it('a header sent twice is no key', () => {
  expect(parseIdempotencyKey(['a', 'b'])).toBeUndefined();
});
