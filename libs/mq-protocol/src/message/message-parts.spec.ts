import { describe, expect, it } from '@jest/globals';
import { CompressionError, MessageFormatError } from '../errors.js';
import { RECORDED_VERSIONS, recordedBytes } from '../fixtures/recorded.js';
import { decodeBatchBody, encodeBatchBody, scanBatchBody } from './batch-body.js';
import { compress, compressionType, decompress } from './compression.js';
import { bodyCrc32 } from './crc32.js';
import { decodeHost, encodeHost } from './host.js';
import { javaStringHash, tagsHash } from './java-hash.js';
import { MESSAGE_BODY_BYTES_CEILING } from './message-layout.js';
import { createUniqId, decodeOffsetMsgId, encodeOffsetMsgId } from './message-id.js';
import { decodeProperties, encodeProperties, propertiesToString } from './properties.js';

describe('Java string hashes', () => {
  it.each([
    ['TagA', 2_598_919],
    ['TagB', 2_598_920],
    ['TagC', 2_598_921],
    ['order-1001', 708_180_863],
    ['OrderService', -1_256_458_329],
    ['polygenelubricants', -2_147_483_648],
    ['标签', 857_175],
    ['T#K1', 2_538_453],
    ['', 0],
  ])('of %s', (text, hash) => {
    expect(javaStringHash(text)).toBe(hash);
  });

  it('of no tag is 0', () => {
    expect(tagsHash(undefined)).toBe(0);
  });
});

describe('CRC-32', () => {
  it('matches the vector', () => {
    expect(bodyCrc32(Buffer.from('hello'))).toBe(907_060_870);
    expect(bodyCrc32(Buffer.alloc(0))).toBe(0);
  });
});

describe('message ids', () => {
  it('of offsets match the vector, both ways', () => {
    const id = encodeOffsetMsgId('10.0.0.1', 10_911, 123_456);
    expect(id).toBe('0A00000100002A9F000000000001E240');
    expect(decodeOffsetMsgId(id)).toEqual({ host: '10.0.0.1', port: 10_911, physicalOffset: 123_456 });
    expect(decodeOffsetMsgId(encodeOffsetMsgId('2001:db8::1', 1, 2 ** 50))).toEqual({
      host: '2001:db8::1',
      port: 1,
      physicalOffset: 2 ** 50,
    });
  });

  it.each(RECORDED_VERSIONS)('of offsets are those of the Java client %s', (version) => {
    const recorded = Buffer.from(recordedBytes(version).encoded['OffsetMsgId'] ?? '', 'hex').toString();
    expect(encodeOffsetMsgId('10.0.0.1', 10_911, 123_456)).toBe(recorded);
  });

  it.each(['', 'xyz', '0A'.repeat(15), 'G'.repeat(32), '0A'.repeat(17), '7F'.repeat(16)])(
    '<%s> is no offset id',
    (id) => {
      expect(() => decodeOffsetMsgId(id)).toThrow(MessageFormatError);
    },
  );

  it('of the producer are unique, 32 characters long and tell their time', () => {
    const now = Date.now();
    const ids = Array.from({ length: 70_000 }, (_, index) => createUniqId(now + Math.floor(index / 60_000)));
    expect(new Set(ids).size).toBe(70_000);
    expect(ids[0]).toMatch(/^[0-9A-F]{32}$/);
    const monthStart = new Date(new Date(now).getFullYear(), new Date(now).getMonth(), 1).getTime();
    expect(monthStart + Number.parseInt(ids[0]?.slice(20, 28) ?? '', 16)).toBe(now);
  });
});

describe('hosts', () => {
  it.each(['10.0.0.1', '255.255.255.255', '::1', '2001:db8::5', 'fe80::1:0:0:1', '1:2:3:4:5:6:7:8'])(
    '%s comes back',
    (host) => {
      expect(decodeHost(encodeHost(host))).toBe(host);
    },
  );

  it('of dual-stack sockets become IPv4', () => {
    expect(encodeHost('::ffff:10.0.0.1')).toEqual(Buffer.from([10, 0, 0, 1]));
  });

  it('that are none are refused', () => {
    expect(() => encodeHost('localhost')).toThrow(MessageFormatError);
  });
});

describe('properties', () => {
  it('come back, whatever language they speak', () => {
    const properties = { TAGS: '标签', KEYS: 'a b', emoji: '😀' };
    expect({ ...decodeProperties(encodeProperties(properties)) }).toEqual(properties);
    expect(propertiesToString({ TAGS: 'TagA', KEYS: 'K1' })).toBe('TAGS\u0001TagA\u0002KEYS\u0001K1\u0002');
  });

  it('are read without the last separator, with empty parts skipped and the last of equal names counting', () => {
    const text = 'A\u00011\u0002\u0002B\u0002\u0001x\u0002C\u0001\u0002A\u00012\u0002D\u0001a\u0001b\u0002E\u00015';
    expect({ ...decodeProperties(text) }).toEqual({ A: '2', D: 'a\u0001b', E: '5' });
    expect({ ...decodeProperties('') }).toEqual({});
  });

  it('leave out what is empty and refuse separators inside', () => {
    expect(propertiesToString({ A: '', '': 'x', B: undefined, C: '1' })).toBe('C\u00011\u0002');
    expect(() => propertiesToString({ A: 'x\u0002y' })).toThrow(MessageFormatError);
    expect(() => propertiesToString({ 'A\u0001': 'x' })).toThrow(MessageFormatError);
  });

  it('carry a name like __proto__ as any other', () => {
    expect(Object.keys(decodeProperties('__proto__\u0001x\u0002'))).toEqual(['__proto__']);
  });

  it('of 32 KiB without structure are read in no time', () => {
    const started = performance.now();
    decodeProperties('\u0002'.repeat(128 * 1024));
    decodeProperties('\u0001'.repeat(128 * 1024));
    decodeProperties('a\u0001\u0002'.repeat(40 * 1024));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('a batch', () => {
  const items = [
    { flag: 0, body: Buffer.from('a'), properties: { TAGS: 'x' } },
    { flag: 7, body: Buffer.alloc(0), properties: {} },
  ];

  it('matches the vector and comes back', () => {
    expect(encodeBatchBody(items.slice(0, 1)).toString('hex')).toBe(
      '0000001e000000000000000000000000' + '00000001610007' + '54414753017802',
    );
    expect(decodeBatchBody(encodeBatchBody(items))).toEqual(items);
  });

  it.each(RECORDED_VERSIONS)('of the Java client %s decodes, and encodes to the same', (version) => {
    const bytes = Buffer.from(recordedBytes(version).encoded['BatchBody'] ?? '', 'hex');
    const decoded = decodeBatchBody(bytes);
    expect(decoded.map(({ flag, body }) => `${flag} ${body.toString()}`)).toEqual(['0 body-0', '1 body-1', '2 body-2']);
    expect(decoded[2]?.properties).toMatchObject({ TAGS: 'Tag2', KEYS: 'key2', WAIT: 'true' });
    // 4.x leaves the last separator out; from 5 on the bytes are the same.
    const again = encodeBatchBody(decoded);
    expect(decodeBatchBody(again)).toEqual(decoded);
    expect(again.equals(bytes)).toBe(version !== '4.9.7');
  });

  it('is refused wherever it is cut off or its lengths lie', () => {
    const bytes = encodeBatchBody(items);
    for (let end = 1; end < bytes.length; end += 1) {
      if (end === 30) continue;
      expect(() => scanBatchBody(bytes.subarray(0, end))).toThrow(MessageFormatError);
    }
    for (const at of [0, 16, 21]) {
      for (const value of [-1, 0, 0x7fffffff]) {
        const broken = Buffer.from(bytes);
        broken.writeInt32BE(value, at);
        expect(() => scanBatchBody(broken)).toThrow(MessageFormatError);
      }
    }
  });
});

describe('compression', () => {
  it('comes back, for the flag of 4.x and of 5.x', () => {
    const body = Buffer.alloc(10_000, 'rocket');
    for (const sysFlag of [1, 0x301]) expect(decompress(compress(body), sysFlag)).toEqual(body);
  });

  it('has a cap against bombs', () => {
    const bomb = compress(Buffer.alloc(MESSAGE_BODY_BYTES_CEILING + 1));
    expect(decompress(compress(Buffer.alloc(MESSAGE_BODY_BYTES_CEILING)), 1)).toHaveLength(MESSAGE_BODY_BYTES_CEILING);
    expect(bomb.length).toBeLessThan(10_000);
    expect(() => decompress(bomb, 1)).toThrow(CompressionError);
    expect(() => decompress(Buffer.from('no zlib'), 1)).toThrow(CompressionError);
  });

  it('names the methods it does not have', () => {
    expect([compressionType(0x101), compressionType(0x201)]).toEqual(['LZ4', 'ZSTD']);
    expect(() => decompress(Buffer.alloc(1), 0x101)).toThrow('LZ4 is not supported');
    expect(() => compressionType(0x401)).toThrow(CompressionError);
  });
});
