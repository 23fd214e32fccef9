import { describe, expect, it } from '@jest/globals';
import { InvalidMessageError, UnreadablePayloadError } from './errors.js';
import { readHeaders } from './headers.js';
import { encodeMessage } from './message-encoder.js';
import { decodePayload } from './payload.js';

const text = 'ünï €';

describe('an outgoing message', () => {
  it('becomes a message with tag, key, level and headers', () => {
    expect(
      encodeMessage(
        {
          topic: 'orders',
          tag: 'created',
          key: 'order-1',
          payload: { text },
          delayMs: 4000,
          headers: { 'x-tenant': 'a' },
        },
        1,
      ),
    ).toEqual({
      topic: 'orders',
      body: Buffer.from(JSON.stringify({ text })),
      tags: 'created',
      keys: 'order-1',
      delayTimeLevel: 2,
      properties: { 'x-tenant': 'a' },
    });
  });

  it('needs nothing but topic and payload', () => {
    expect(encodeMessage({ topic: 'orders', payload: null, tag: undefined, delayMs: undefined }, 1)).toEqual({
      topic: 'orders',
      body: Buffer.from('null'),
      properties: {},
    });
  });

  it('encodes and decodes JSON and bytes', () => {
    for (const payload of [{ text, amount: '1250' }, [1, 2], 'a', 0, false, null]) {
      const { body, properties } = encodeMessage({ topic: 'orders', payload }, 1);
      expect(decodePayload(body, readHeaders(properties ?? {}))).toEqual(payload);
    }
    const bytes = new Uint8Array([0, 255, 1]).subarray(1);
    const { body, properties } = encodeMessage({ topic: 'orders', payload: bytes }, 1);
    expect(decodePayload(body, readHeaders(properties ?? {}))).toEqual(Buffer.from([255, 1]));
  });

  it.each([
    ['a bigint', { amount: 1n }],
    ['nothing', undefined],
    ['a function', () => 1],
    ['no bytes', new Uint8Array(0)],
  ])('refuses %s as payload', (_what, payload) => {
    expect(() => encodeMessage({ topic: 'orders', payload }, 1)).toThrow(InvalidMessageError);
  });

  it.each(['', 'a b', 'orders/1', 'x'.repeat(128)])('refuses the topic %p', (topic) => {
    expect(() => encodeMessage({ topic, payload: 1 }, 1)).toThrow('must be 1 to 127 of letters');
  });

  it.each(['', ' a', 'a || b', '*'])('refuses the tag %p', (tag) => {
    expect(() => encodeMessage({ topic: 'orders', payload: 1, tag }, 1)).toThrow('must be one word');
  });

  it.each([
    ['TAGS', 'x', 'is a name of the protocol'],
    ['DELAY', '3', 'is a name of the protocol'],
    ['__transactionId__', 'x', 'is a name of the protocol'],
    ['failure-class', 'x', 'is a name of the protocol'],
    ['', 'x', 'has no name'],
    ['x-tenant', '', 'is empty'],
    ['x-tenant', 'a\u0002b', 'which separate properties'],
  ])('refuses the header %p: %p', (name, value, problem) => {
    expect(() => encodeMessage({ topic: 'orders', payload: 1, headers: { [name]: value } }, 1)).toThrow(problem);
  });
});

describe('a body that cannot be read', () => {
  it.each([Buffer.from('{"a":'), Buffer.from([0xff, 0xfe]), Buffer.alloc(0)])('names its length: %p', (body) => {
    expect(() => decodePayload(body, {})).toThrow(UnreadablePayloadError);
    expect(() => decodePayload(body, {})).toThrow(`body of ${body.length} bytes is not JSON`);
  });
});
