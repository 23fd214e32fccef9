import { describe, expect, it } from '@jest/globals';
import { CompressionError, MessageFormatError } from '../errors.js';
import { RECORDED_VERSIONS, recordedBytes } from '../fixtures/recorded.js';
import { compress } from './compression.js';
import { decodeMessage, decodeMessages, encodeMessage } from './message-codec.js';
import type { MessageRecord } from './message-ext.js';
import { recordBytes, RecordOffset } from './message-layout.js';
import { propertiesToString } from './properties.js';

const VECTOR =
  '00000073daa320a73610a68600000002000000000000000000000005' +
  '00000000000003e8000000000000018bcfe568000a00000500009c400000018bcfe5687b0a00000100002a9f' +
  '0000000000000000000000000000000568656c6c6f0154' +
  '0012544147530154616741024b455953014b3102';

const message: MessageRecord = {
  topic: 'T',
  body: Buffer.from('hello'),
  flag: 0,
  properties: { TAGS: 'TagA', KEYS: 'K1' },
  queueId: 2,
  queueOffset: 5,
  commitLogOffset: 1000,
  sysFlag: 0,
  bornTimestamp: 1_700_000_000_000,
  bornHost: '10.0.0.5',
  bornPort: 40_000,
  storeTimestamp: 1_700_000_000_123,
  storeHost: '10.0.0.1',
  storePort: 10_911,
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
};

describe('a stored record', () => {
  it('is encoded to the byte as RocketMQ lays it out', () => {
    expect(encodeMessage(message).toString('hex')).toBe(VECTOR);
    expect(recordBytes(5, 1, 18)).toBe(115);
  });

  it('decodes with its ids', () => {
    const decoded = decodeMessage(Buffer.from(VECTOR, 'hex'), 0, { checkCrc: true });
    expect({ ...decoded, properties: { ...decoded.properties } }).toEqual({
      ...message,
      storeSize: 115,
      bodyCrc: 907_060_870,
      msgId: '0A00000100002A9F00000000000003E8',
      offsetMsgId: '0A00000100002A9F00000000000003E8',
    });
  });

  it('has its fields where RecordOffset says', () => {
    const record = encodeMessage({ ...message, reconsumeTimes: 9, preparedTransactionOffset: 8, flag: 7 });
    expect(record.readInt32BE(RecordOffset.RECONSUME_TIMES)).toBe(9);
    expect(record.readBigInt64BE(RecordOffset.PREPARED_TRANSACTION_OFFSET)).toBe(8n);
    expect(record.readInt32BE(RecordOffset.FLAG)).toBe(7);
    expect(record.readBigInt64BE(RecordOffset.STORE_TIMESTAMP)).toBe(1_700_000_000_123n);
    expect(record.readInt32BE(RecordOffset.BODY_LENGTH)).toBe(5);
    expect(record.toString('utf8', RecordOffset.BODY, RecordOffset.BODY + 5)).toBe('hello');
  });

  it.each([127, 128, 255])('carries a topic of %d bytes, as V2 where V1 cannot', (length) => {
    const topic = 't'.repeat(length);
    const record = encodeMessage({ ...message, topic });
    expect(record.length).toBe(recordBytes(5, length, 18));
    expect(record[RecordOffset.MAGIC + 3]).toBe(length > 127 ? 0xab : 0xa7);
    expect(decodeMessage(record).topic).toBe(topic);
  });

  it('carries IPv6 hosts, offsets beyond 32 bits and an id of the producer', () => {
    const record = encodeMessage({
      ...message,
      bornHost: '2001:db8::5',
      storeHost: '::1',
      commitLogOffset: 2 ** 40,
      queueOffset: 2 ** 33,
      properties: { UNIQ_KEY: 'ABC' },
    });
    expect(decodeMessage(record)).toMatchObject({
      bornHost: '2001:db8::5',
      storeHost: '::1',
      commitLogOffset: 2 ** 40,
      queueOffset: 2 ** 33,
      msgId: 'ABC',
      sysFlag: 48,
      offsetMsgId: '00000000000000000000000000000001' + '00002A9F' + '0000010000000000',
    });
  });

  it.each(RECORDED_VERSIONS)('of the Java client %s decodes and encodes to the same bytes', (version) => {
    const { encoded } = recordedBytes(version);
    for (const name of ['MessageExt', 'MessageExtIpv6', 'MessageExtCompressed']) {
      const bytes = Buffer.from(encoded[name] ?? '', 'hex');
      const decoded = decodeMessage(bytes);
      expect(decoded).toMatchObject({
        topic: 'T',
        flag: 7,
        reconsumeTimes: 3,
        queueId: 2,
        bornTimestamp: 1_700_000_000_000,
      });
      expect(decoded.properties['emoji']).toBe('😀 标签');
      // The order of properties is a Java hash map's; it is kept. 4.x leaves the last separator out.
      const text = propertiesToString(decoded.properties);
      const properties = Buffer.from(version === '4.9.7' ? text.slice(0, -1) : text);
      const again = encodeMessage({ ...decoded, properties });
      again.writeInt32BE(bytes.readInt32BE(RecordOffset.BODY_CRC), RecordOffset.BODY_CRC);
      expect(again.toString('hex')).toBe(bytes.toString('hex'));
    }
  });

  it.each(RECORDED_VERSIONS)('compressed by the Java client %s inflates, and the flag goes', (version) => {
    const bytes = Buffer.from(recordedBytes(version).encoded['MessageExtCompressed'] ?? '', 'hex');
    const decoded = decodeMessage(bytes, 0, { inflate: true });
    expect(decoded.body).toEqual(Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 7)));
    expect(decoded.sysFlag & 1).toBe(0);
    expect(() => decodeMessage(bytes, 0, { inflate: true, bodyBytesMax: 4999 })).toThrow(CompressionError);
  });

  it('decodes one after the other', () => {
    const records = Buffer.concat([
      encodeMessage(message),
      encodeMessage({ ...message, body: compress(Buffer.alloc(9000, 'x')), sysFlag: 0x301 }),
      encodeMessage({ ...message, body: Buffer.alloc(0) }),
    ]);
    const decoded = decodeMessages(records, { inflate: true });
    expect(decoded.map(({ body }) => body.length)).toEqual([5, 9000, 0]);
  });

  it('is refused at every byte it can be cut off or damaged, and never by another error', () => {
    const record = encodeMessage(message);
    for (let end = 0; end < record.length; end += 1) {
      expect(() => decodeMessage(record.subarray(0, end))).toThrow(MessageFormatError);
      const claimed = Buffer.from(record.subarray(0, end));
      if (end >= 4) claimed.writeInt32BE(end, 0);
      expect(() => decodeMessage(claimed)).toThrow(MessageFormatError);
    }
    for (let at = 0; at < record.length; at += 1) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(record);
        damaged[at] = value;
        try {
          decodeMessage(damaged, 0, { checkCrc: true, inflate: true });
        } catch (error) {
          if (!(error instanceof MessageFormatError || error instanceof CompressionError)) throw error;
        }
      }
    }
  });

  it('with a damaged body is refused when its CRC is looked at', () => {
    const record = encodeMessage(message);
    record[RecordOffset.BODY] = 0x48;
    expect(() => decodeMessage(record, 0, { checkCrc: true })).toThrow('does not match its CRC');
    expect(decodeMessage(record).body.toString()).toBe('Hello');
  });
});
