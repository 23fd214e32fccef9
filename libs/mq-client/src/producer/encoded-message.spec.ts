import { inflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decodeBatchBody, decodeProperties } from '@rocketshop/mq-protocol';
import type { Message } from '../message.js';
import { encodeBatch, encodeMessage } from './encoded-message.js';

const limits = { maxMessageSize: 20_000, compressMsgBodyOverHowmuch: 4_096, compressLevel: 5 };
const message = (changes: Partial<Message> = {}): Message => ({
  topic: 'orders',
  body: Buffer.from('hello'),
  ...changes,
});

describe('encodeMessage', () => {
  it('carries tags, keys, delay and own properties', () => {
    const outgoing = encodeMessage(
      message({ tags: 'paid', keys: ['k1', 'k2'], delayTimeLevel: 3, properties: { traceparent: '00-1' } }),
      limits,
    );
    expect({ ...decodeProperties(outgoing.properties) }).toEqual({
      traceparent: '00-1',
      KEYS: 'k1 k2',
      TAGS: 'paid',
      DELAY: '3',
      WAIT: 'true',
      UNIQ_KEY: outgoing.msgId,
    });
    expect([outgoing.sysFlag, outgoing.batch]).toEqual([0, false]);
  });

  it('compresses from the limit on, and leaves the body of the caller unchanged', () => {
    const body = Buffer.alloc(4_096, 'a');
    const outgoing = encodeMessage(message({ body }), limits);
    expect(outgoing.sysFlag).toBe(1);
    expect(inflateSync(outgoing.body)).toEqual(body);
    expect(body.equals(Buffer.alloc(4_096, 'a'))).toBe(true);
    expect(encodeMessage(message({ body: body.subarray(1) }), limits).sysFlag).toBe(0);
  });

  it.each<[string, Partial<Message>]>([
    ['is not a valid topic name', { topic: 'a/b' }],
    ['is not a valid topic name', { topic: 't'.repeat(128) }],
    ['belongs to the broker', { topic: 'SCHEDULE_TOPIC_XXXX' }],
    ['non-empty Buffer', { body: Buffer.alloc(0) }],
    ['more than maxMessageSize 20000', { body: Buffer.alloc(20_001) }],
    ['belongs to RocketMQ', { properties: { UNIQ_KEY: 'mine' } }],
    ['must have a name and a value', { properties: { empty: ' ' } }],
    ['separator', { properties: { name: 'a\u0001b' } }],
    ['separator', { tags: 'a\u0002' }],
    ['from 0 to 18', { delayTimeLevel: 19 }],
    ['more than 32767 bytes', { properties: { long: 'ä'.repeat(16_400) } }],
  ])('refuses what %s', (reason, changes) => {
    expect(() => encodeMessage(message(changes), limits)).toThrow(reason);
  });
});

describe('encodeBatch', () => {
  it('carries each message with its own id and properties', () => {
    const outgoing = encodeBatch([message({ tags: 'a' }), message({ body: Buffer.from('two'), flag: 7 })], limits);
    const items = decodeBatchBody(outgoing.body);
    expect(items.map((item) => item.body.toString())).toEqual(['hello', 'two']);
    expect(items.map((item) => item.flag)).toEqual([0, 7]);
    expect(items.map((item) => item.properties['UNIQ_KEY']).join(',')).toBe(outgoing.msgId);
    expect(outgoing.batch).toBe(true);
  });

  it.each<[string, Message[]]>([
    ['at least one', []],
    ['one topic', [message(), message({ topic: 'other' })]],
    ['one waitStoreMsgOK', [message(), message({ waitStoreMsgOK: false })]],
    ['cannot be delayed', [message({ delayTimeLevel: 1 })]],
    ['retry topic', [message({ topic: '%RETRY%g' })]],
    ['more than maxMessageSize', [message({ body: Buffer.alloc(15_000) }), message({ body: Buffer.alloc(15_000) })]],
  ])('refuses a batch: %s', (reason, messages) => {
    expect(() => encodeBatch(messages, limits)).toThrow(reason);
  });
});
