import { describe, expect, it } from '@jest/globals';
import { HeaderFieldError } from '../errors.js';
import { recordedFrames } from '../fixtures/recorded.js';
import { decodeFrame } from './decode-frame.js';
import { encodeFrame } from './encode-frame.js';
import { fieldKey } from './field-key.js';
import { FrameView } from './frame-view.js';
import { createRequest } from './remoting-command.js';

/** A frame around a header text of our own making. */
function jsonFrame(header: string): Buffer {
  const text = Buffer.from(header);
  const frame = Buffer.alloc(8 + text.length);
  frame.writeInt32BE(4 + text.length, 0);
  frame.writeInt32BE(text.length, 4);
  text.copy(frame, 8);
  return frame;
}

function viewOf(header: string): FrameView {
  const view = new FrameView();
  const frame = jsonFrame(header);
  view.reset(frame, 0, frame.length);
  return view;
}

const withFields = (fields: string): FrameView => viewOf(`{"code":10,"extFields":{${fields}}}`);

describe('the lazy view', () => {
  it('equals what JSON.parse makes of every recorded JSON header', () => {
    for (const frame of recordedFrames().filter((candidate) => candidate[4] === 0)) {
      const headerBytes = frame.readUInt32BE(4);
      const parsed = JSON.parse(frame.toString('utf8', 8, 8 + headerBytes)) as Record<string, unknown>;
      const { code, language, version, opaque, flag, remark, extFields, body } = decodeFrame(frame);
      expect({ code, language, version, opaque, flag }).toEqual({
        code: parsed['code'],
        language: parsed['language'],
        version: parsed['version'],
        opaque: parsed['opaque'],
        flag: parsed['flag'],
      });
      expect(remark).toBe(parsed['remark']);
      expect(extFields && { ...extFields }).toEqual(parsed['extFields']);
      expect(body ?? Buffer.alloc(0)).toEqual(frame.subarray(8 + headerBytes));
    }
  });

  it('finds every field of every recorded frame, and none that is not there', () => {
    const view = new FrameView();
    for (const frame of recordedFrames()) {
      view.reset(frame, 0, frame.length);
      const fields = view.extFields();
      for (const [name, value] of Object.entries(fields)) {
        expect(view.string(fieldKey(name))).toBe(value);
        expect(view.name(fieldKey(name))).toBe(value);
      }
      expect(view.find(fieldKey('noSuchField'))).toBe(false);
      expect(view.body()).toEqual(view.toCommand().body ?? Buffer.alloc(0));
    }
  });

  it('decodes escapes: separators, letters outside of ASCII, surrogate pairs and lonely surrogates', () => {
    const view = withFields(
      String.raw`"i":"TAGS\u0001\u6807\u7B7E\u0002E\u0001\ud83d\ude00\u0002","x":"a\/\"\\\b\f\n\r\t","l":"\ud83d!\ude00\ud83d","raw":"标签😀"`,
    );
    expect(view.string(fieldKey('i'))).toBe('TAGS\u0001标签\u0002E\u0001😀\u0002');
    expect(view.string(fieldKey('x'))).toBe('a/"\\\b\f\n\r\t');
    expect(view.string(fieldKey('l'))).toBe('\ufffd!\ufffd\ufffd');
    expect(view.string(fieldKey('raw'))).toBe('标签😀');
    expect({ ...view.extFields() }).toEqual({
      i: 'TAGS\u0001标签\u0002E\u0001😀\u0002',
      x: 'a/"\\\b\f\n\r\t',
      l: '\ufffd!\ufffd\ufffd',
      raw: '标签😀',
    });
  });

  it('takes numbers and booleans as values, as npm ali-ons writes them', () => {
    const view = withFields('"queueId":3,"offset":1700000000000,"flag":-1.5e3,"batch":true,"unit":false');
    expect(view.int(fieldKey('queueId'))).toBe(3);
    expect(view.long(fieldKey('offset'))).toBe(1_700_000_000_000);
    expect(view.string(fieldKey('flag'))).toBe('-1.5e3');
    expect(view.boolean(fieldKey('batch'))).toBe(true);
    expect(view.boolean(fieldKey('unit'), true)).toBe(false);
  });

  it('treats null as absent and lets the last of equal fields count', () => {
    const view = withFields('"a":"1","b":"1","a":"2","b":null,"c":null');
    expect(view.string(fieldKey('a'))).toBe('2');
    expect([view.find(fieldKey('b')), view.find(fieldKey('c'))]).toEqual([false, false]);
    expect({ ...view.extFields() }).toEqual({ a: '2' });
  });

  it('carries a field named __proto__ like any other', () => {
    const fields = withFields(String.raw`"__proto__":"p","constructor":"c","\u0061b":"escaped key"`).extFields();
    expect(Object.entries(fields)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['ab', 'escaped key'],
    ]);
    expect(({} as Record<string, unknown>)['p']).toBeUndefined();
    expect(withFields(String.raw`"\u0061b":"x"`).string(fieldKey('ab'))).toBe('x');
  });

  it('accepts blanks, unknown members, numbers in quotes and any order', () => {
    const view = viewOf(
      ' { "zone" : {"a":[1,{"b":null}],"c":[]} , "opaque" : "12" , "flag":1,\n"remark":null,"code":-3,"extFields":null} ',
    );
    expect([view.opaque, view.flag, view.code, view.version, view.language]).toEqual([12, 1, -3, 0, 'JAVA']);
    expect(view.toCommand().extFields).toBeUndefined();
    expect(view.remark).toBeUndefined();
  });

  it('reads int64 without losing order: what is beyond 2^53 becomes the largest safe integer', () => {
    const view = withFields('"a":"9223372036854775807","b":"-9223372036854775808","c":"9007199254740991","d":"+5"');
    expect(view.long(fieldKey('a'))).toBe(Number.MAX_SAFE_INTEGER);
    expect(view.long(fieldKey('b'))).toBe(Number.MIN_SAFE_INTEGER);
    expect(view.long(fieldKey('c'))).toBe(9_007_199_254_740_991);
    expect(view.long(fieldKey('d'))).toBe(5);
  });

  it('names the field that is missing or not of its type', () => {
    const view = withFields('"a":"12x","b":"","c":"2147483648","d":"123456789012345678901","e":"-"');
    for (const name of ['a', 'b', 'c', 'd', 'e', 'missing']) {
      expect(() => view.int(fieldKey(name))).toThrow(HeaderFieldError);
      expect(() => view.int(fieldKey(name))).toThrow(`<${name}>`);
    }
    expect(view.int(fieldKey('missing'), 4)).toBe(4);
    expect(view.long(fieldKey('c'))).toBe(2_147_483_648);
  });

  it('gives copies that survive their buffer', () => {
    const frame = encodeFrame({
      ...createRequest(310, { extFields: { b: 'T', i: 'A\u0001b\u0002' }, body: Buffer.from('body'), remark: 'why' }),
    });
    const command = decodeFrame(frame);
    frame.fill(0xdd);
    expect({ ...command, extFields: { ...command.extFields } }).toMatchObject({
      extFields: { b: 'T', i: 'A\u0001b\u0002' },
      body: Buffer.from('body'),
      remark: 'why',
      language: 'JAVA',
    });
  });
});
