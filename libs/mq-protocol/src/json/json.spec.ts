import { describe, expect, it } from '@jest/globals';
import { BodyError } from '../errors.js';
import { parseJson } from './json-parser.js';
import { JsonReader } from './json-reader.js';
import { writeJson } from './json-writer.js';
import type { Writable } from './json-writer.js';

describe('the JSON parser', () => {
  it('reads what JSON.parse reads', () => {
    for (const text of [
      'null',
      'true',
      '-0.5e-3',
      '"a\\u0001\\n\\"\\ud83d\\ude00标"',
      '[]',
      '[1,[2,[]],{}]',
      ' { "a" : [ 1 , 2 ] , "b" : { "c" : null } } ',
    ]) {
      expect(structuredClone(parseJson(text))).toEqual(JSON.parse(text));
    }
  });

  it('reads unquoted numeric keys, words as keys, single quotes and a last comma', () => {
    expect(structuredClone(parseJson(`{0:"a",1:'b',c:{-1:2,},"d":[1,],}`))).toEqual({
      0: 'a',
      1: 'b',
      c: { '-1': 2 },
      d: [1],
    });
  });

  it('reads objects as keys into a map', () => {
    const map = parseJson('{"plain":0,{"queueId":1,"topic":"T"}:{"maxOffset":5},{"queueId":2,"topic":"T"}:6}');
    expect([...(map as Map<unknown, unknown>)].map(([key, value]) => [key, value])).toEqual([
      ['plain', 0],
      [{ queueId: 1, topic: 'T' }, { maxOffset: 5 }],
      [{ queueId: 2, topic: 'T' }, 6],
    ]);
  });

  it('keeps int64 exact', () => {
    expect(parseJson('[9007199254740991,9007199254740993,-9223372036854775808,1700000000000000001]')).toEqual([
      9_007_199_254_740_991,
      9_007_199_254_740_993n,
      -9_223_372_036_854_775_808n,
      1_700_000_000_000_000_001n,
    ]);
  });

  it('carries __proto__ as a member', () => {
    const value = parseJson('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    '',
    '{',
    '[1',
    '{"a"}',
    '{"a":}',
    '"abc',
    '"\\u12"',
    '"\\q"',
    '1 2',
    '{,}',
    'nul',
    '[1 2]',
    '-',
    '{]',
    '99999999999999999999',
  ])('refuses <%s>', (text) => {
    expect(() => parseJson(text)).toThrow(BodyError);
  });

  it('has limits for depth and size', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow('nested too deep');
    expect(() => parseJson('{{'.repeat(100_000))).toThrow('nested too deep');
    expect(() => parseJson('"aaaa"', { lengthMax: 5 })).toThrow('over the limit');
  });

  it('never throws anything else, wherever a text is cut or changed', () => {
    const text = `{"a":[1,2.5e3,{"b":null}],{"k":1}:'v',0:"\\u0001\\x41",t:true}`;
    for (let at = 0; at < text.length; at += 1) {
      for (const piece of ['', '{', '}', '"', '\\', ',', ':', '0', '\u0000']) {
        for (const changed of [text.slice(0, at) + piece, text.slice(0, at) + piece + text.slice(at + 1)]) {
          try {
            parseJson(changed);
          } catch (error) {
            if (!(error instanceof BodyError)) throw error;
          }
        }
      }
    }
  });
});

describe('the JSON writer', () => {
  it('writes the three kinds of keys', () => {
    const addresses = { brokerAddrs: new Map([[0, '10.0.0.1:10911']]) };
    expect(writeJson(addresses)).toBe('{"brokerAddrs":{0:"10.0.0.1:10911"}}');
    expect(writeJson(addresses, { numericKeys: 'quoted' })).toBe('{"brokerAddrs":{"0":"10.0.0.1:10911"}}');
    expect(writeJson(new Map([[{ queueId: 0, topic: 'T' }, { maxOffset: 5 }]]))).toBe(
      '{{"queueId":0,"topic":"T"}:{"maxOffset":5}}',
    );
  });

  it('leaves null members out and keeps null items', () => {
    expect(writeJson({ a: null, b: undefined, c: [null, undefined], d: new Map([['x', null]]) })).toBe(
      '{"c":[null,null],"d":{}}',
    );
  });

  it('writes bigint, sets and letters outside of ASCII as they are', () => {
    expect(writeJson({ v: 1_700_000_000_000_000_001n, s: new Set([1, 2]), t: '标\u0001"' })).toBe(
      '{"v":1700000000000000001,"s":[1,2],"t":"标\\u0001\\""}',
    );
  });

  it('refuses what JSON has no words for', () => {
    const endless: Writable[] = [];
    endless.push(endless);
    for (const value of [Number.NaN, Infinity, endless, (() => 0) as unknown as Writable]) {
      expect(() => writeJson(value)).toThrow(BodyError);
    }
  });

  it('writes what the parser reads', () => {
    const value = { a: 1, b: [true, 'x', { c: 2n ** 60n }], m: new Map([[{ q: 1 }, [1]]]) };
    expect(writeJson(parseJson(writeJson(value)))).toBe(writeJson(value));
  });
});

describe('the JSON reader', () => {
  it('is as lenient as fastjson', () => {
    const reader = JsonReader.parse(
      '{"n":"12","b":"TRUE","i":1,"s":5,"codes":["7",8],"long":1700000000000000001}',
      'X',
    );
    expect(reader.number('n')).toBe(12);
    expect([reader.boolean('b', false), reader.boolean('i', false), reader.boolean('none', true)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(reader.string('s')).toBe('5');
    expect(reader.numbers('codes')).toEqual([7, 8]);
    expect(reader.long('long', 0)).toBe(1_700_000_000_000_000_001n);
  });

  it('names the member that is wrong', () => {
    const reader = JsonReader.parse('{"a":{"b":"x"},"l":1,"z":{}}', 'Body');
    expect(() => reader.number('missing')).toThrow('Body.missing is missing');
    expect(() => reader.object('a')?.number('b')).toThrow('Body.a.b is no number');
    expect(() => reader.strings('l')).toThrow('Body.l is no array');
    expect(() => reader.string('z')).toThrow('Body.z is no text');
    expect(() => JsonReader.parse(undefined, 'Body')).toThrow('there is no body');
    expect(() => JsonReader.parse('[]', 'Body')).toThrow('Body is no object');
  });
});
