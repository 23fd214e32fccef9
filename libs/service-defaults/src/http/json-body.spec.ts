import { expect, it } from '@jest/globals';
import { jsonFault, parseJsonBody } from './json-body.js';

const deep = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);

it.each([
  ['arrays', '[', ']'],
  ['objects', '{"a":', '}'],
])('reads 32 levels of %s and refuses more, however many, before anything is built', (_what, open, close) => {
  const inner = open === '[' ? '' : '1';
  expect(jsonFault(open.repeat(32) + inner + close.repeat(32))).toBeUndefined();
  for (const levels of [33, 30_000]) expect(jsonFault(deep(levels, open, close))).toBe('JSON_TOO_DEEP');
});

it.each([
  ['{"a":1,"a":2}', 'JSON_KEY_REPEATED'],
  ['{"a":1,"\\u0061":2}', 'JSON_KEY_REPEATED'],
  ['{"x":{"a":[],"b":"{\\"a\\":1","a":2}}', 'JSON_KEY_REPEATED'],
  ['{"__proto__":{}}', 'JSON_KEY_FORBIDDEN'],
  ['[{"__pr\\u006fto__":1}]', 'JSON_KEY_FORBIDDEN'],
  ['{"constructor":{"prototype":{}}}', 'JSON_KEY_FORBIDDEN'],
  ['{"a":"\\u0000"}', 'JSON_TEXT_INVALID'],
  ['{"\\u0000":1}', 'JSON_TEXT_INVALID'],
  ['["\\ud800"]', 'JSON_TEXT_INVALID'],
  ['["\\ud800\\ud800"]', 'JSON_TEXT_INVALID'],
  ['["\\uDC00\\ud800"]', 'JSON_TEXT_INVALID'],
  ['["\\ud83d\\n"]', 'JSON_TEXT_INVALID'],
])('refuses %s with a code of its own', (text, code) => {
  expect(() => parseJsonBody(Buffer.from(text))).toThrow(expect.objectContaining({ status: 400, code }));
});

it.each([
  '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
  '{"a":"a","b":"a","c":["a","a"]}',
  '["\\ud83d\\ude00 \\\\u0000 \\\\ud800 \\" , { ["]',
  '"__proto__"',
  '{"":1}',
  ' null ',
])('reads %s as any parser does', (text) => {
  expect(parseJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
});

it.each(['', '{', '{"a"', '"', '"\\', '"\\u', '"\\u00', ']]]]', '}', ',', '{"a":1}{"a":1}', '{"a\\":1}', 'NaN'])(
  'refuses %p, which is not JSON',
  (text) => {
    expect(() => parseJsonBody(Buffer.from(text))).toThrow(expect.objectContaining({ status: 400 }));
  },
);
