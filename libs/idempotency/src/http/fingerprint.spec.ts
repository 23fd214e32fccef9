import { expect, it } from '@jest/globals';
import { canonicalJson, fingerprint } from './fingerprint.js';

const parts = { buyerId: 'ada', route: 'POST /orders', body: { items: [{ id: 'teapot', n: 1 }], coupon: null } };

it('is the same for equivalent bodies', () => {
  const reordered = { coupon: null, items: [{ n: 1, id: 'teapot' }], note: undefined };
  expect(fingerprint({ ...parts, body: reordered }).equals(fingerprint(parts))).toBe(true);
});

it.each([
  ['another buyer', { ...parts, buyerId: 'grace' }],
  ['another route', { ...parts, route: 'POST /payments' }],
  ['another quantity', { ...parts, body: { items: [{ id: 'teapot', n: 2 }], coupon: null } }],
  ['text for a number', { ...parts, body: { items: [{ id: 'teapot', n: '1' }], coupon: null } }],
  ['null left out', { ...parts, body: { items: [{ id: 'teapot', n: 1 }] } }],
  ['parts that are divided at another place', { ...parts, buyerId: 'adaPOST', route: ' /orders' }],
])('is another one for %s', (_what, other) => {
  expect(fingerprint(other).equals(fingerprint(parts))).toBe(false);
});

it('keeps the order of arrays and sorts the members of objects', () => {
  expect(canonicalJson({ b: [2, 1], a: { d: 1, c: 'x' } })).toBe('{"a":{"c":"x","d":1},"b":[2,1]}');
  expect(canonicalJson(undefined)).toBe('null');
});
