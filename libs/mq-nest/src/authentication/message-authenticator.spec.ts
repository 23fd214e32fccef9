import { describe, expect, it } from '@jest/globals';
import type { MessageExt } from '@rocketshop/mq-client';
import { InvalidMessageError, MessageRefusedError, MessagingConfigurationError } from '../errors.js';
import { encodeMessage } from '../message-encoder.js';
import type { RocketmqMessage } from '../rocketmq-message.js';
import { RocketmqPublisher } from '../rocketmq.publisher.js';
import { InMemoryDriver } from '../testing/index.js';
import type { MessageAuthentication } from './authentication.config.js';
import { MessageAuthenticator } from './message-authenticator.js';

const key = (id: string) => ({ id, secret: `${id}-secret-of-this-story-`.padEnd(40, 'x') });
const options = (given: Partial<MessageAuthentication> = {}): MessageAuthentication => ({
  keys: [key('one')],
  sender: 'pay',
  senders: { 'payment-succeeded': ['pay'], 'order-cancelled': ['order'] },
  ...given,
});
const payment: RocketmqMessage = {
  topic: 'payment-succeeded',
  key: 'order-1',
  payload: { orderId: 'order-1', amount: '100' },
  headers: { 'x-tenant': 'a' },
};

/** The message as a consumer gets it. */
function published(message = payment, by = new MessageAuthenticator(options())): MessageExt {
  const { topic, body, tags, keys, properties } = by.sign(encodeMessage(message, 1));
  return {
    topic,
    body,
    properties: { ...properties, ...(tags && { TAGS: tags }), ...(keys && { KEYS: String(keys) }), UNIQ_KEY: 'id' },
  } as unknown as MessageExt;
}

function changed(
  message: MessageExt,
  change: Partial<MessageExt>,
  properties: Record<string, string | undefined> = {},
) {
  const all = Object.entries({ ...message.properties, ...properties });
  return { ...message, ...change, properties: Object.fromEntries(all.filter(([, value]) => value !== undefined)) };
}

function reasonOf(message: unknown, by = new MessageAuthenticator(options())): string {
  try {
    by.verify(message as MessageExt);
    return 'ACCEPTED';
  } catch (error) {
    if (!(error instanceof MessageRefusedError)) throw error;
    return error.reason;
  }
}

const macOf = (message: MessageExt): string => message.properties['message-mac'] ?? '';

describe('a signed message', () => {
  it('is accepted, and names the headers that its MAC covers', () => {
    expect(new MessageAuthenticator(options()).verify(published())).toEqual(['x-tenant']);
  });

  it.each<[string, Partial<MessageExt>, Record<string, string>?]>([
    ['a redelivery with the properties of broker and client', {}, { RETRY_TOPIC: 'payment-succeeded', DELAY: '3' }],
    ['a redelivery that says why it failed', { reconsumeTimes: 3 }, { 'failure-class': 'Error', 'failure-at': 'now' }],
    ['a copy with another trace and further headers', {}, { traceparent: '00-1-2-01', 'added-by': 'an instrument' }],
    ['a dead letter', { topic: '%DLQ%order-record-payment' }, { RETRY_TOPIC: 'payment-succeeded' }],
    ['a dead letter of a broker', { topic: '%DLQ%order-record-payment' }, { DLQ_ORIGIN_TOPIC: 'payment-succeeded' }],
  ])('is accepted as %s', (_what, change, properties) => {
    expect(reasonOf(changed(published(), change, properties))).toBe('ACCEPTED');
  });

  it('is accepted whatever text key, tag and headers have', () => {
    for (const text of ['ä', '\u0000', '\ud800', ' ', ':', '__proto__', '🫖'.repeat(40)]) {
      const message = { ...payment, key: `k${text}`, tag: `t${text}t`, headers: { [`h${text}`]: `v${text}` } };
      const arrived = Object.entries(published(message).properties).map(([name, value]) => [
        Buffer.from(name).toString(),
        Buffer.from(value).toString(),
      ]);
      expect(reasonOf({ ...published(message), properties: Object.fromEntries(arrived) })).toBe('ACCEPTED');
    }
  });
});

describe('a forged message', () => {
  const genuine = published();
  const [format, id, sender, names, mac] = macOf(genuine).split(':');
  const other = published({ ...payment, key: 'order-2', payload: { orderId: 'order-2', amount: '100' } });
  const cancel = published(
    { topic: 'order-cancelled', key: 'order-1', payload: { orderId: 'order-1' } },
    new MessageAuthenticator(options({ sender: 'order' })),
  );
  const join = (...parts: unknown[]): string => parts.join(':');

  it.each<[string, Partial<MessageExt>, Record<string, string | undefined>, string]>([
    ['another payload', { body: Buffer.from('{"orderId":"order-1","amount":"1"}') }, {}, 'MAC_WRONG'],
    ['a byte more', { body: Buffer.concat([genuine.body, Buffer.from(' ')]) }, {}, 'MAC_WRONG'],
    ['another key', {}, { KEYS: 'order-2' }, 'MAC_WRONG'],
    ['no key', {}, { KEYS: undefined }, 'MAC_WRONG'],
    ['a tag', {}, { TAGS: 'paid' }, 'MAC_WRONG'],
    ['another topic', { topic: 'order-cancelled' }, {}, 'MAC_WRONG'],
    ['another value of a covered header', {}, { 'x-tenant': 'b' }, 'MAC_WRONG'],
    ['no value of a covered header', {}, { 'x-tenant': undefined }, 'MAC_WRONG'],
    ['another sender', {}, { 'message-mac': join(format, id, 'order', names, mac) }, 'MAC_WRONG'],
    ['a header taken from the MAC', {}, { 'message-mac': join(format, id, sender, '', mac) }, 'MAC_WRONG'],
    ['a header added to the MAC', {}, { 'message-mac': join(format, id, sender, 'a+x-tenant', mac) }, 'MAC_WRONG'],
    ['the MAC of another message', {}, { 'message-mac': macOf(other) }, 'MAC_WRONG'],
    ['the MAC and the body of another topic', { body: cancel.body }, { 'message-mac': macOf(cancel) }, 'MAC_WRONG'],
    ['no MAC', {}, { 'message-mac': undefined }, 'MAC_MISSING'],
    ['a key that nobody knows', {}, { 'message-mac': join(format, 'two', sender, names, mac) }, 'MAC_KEY_UNKNOWN'],
    ['a key of the prototype', {}, { 'message-mac': join(format, '__proto__', sender, names, mac) }, 'MAC_KEY_UNKNOWN'],
    ['a truncated MAC', {}, { 'message-mac': macOf(genuine).slice(0, -1) }, 'MAC_MALFORMED'],
    ['a longer MAC', {}, { 'message-mac': `${macOf(genuine)}A` }, 'MAC_MALFORMED'],
    ['a further part', {}, { 'message-mac': `${macOf(genuine)}:x` }, 'MAC_MALFORMED'],
    ['another format', {}, { 'message-mac': join('2', id, sender, names, mac) }, 'MAC_MALFORMED'],
    ['a text that is no MAC', {}, { 'message-mac': 'x' }, 'MAC_MALFORMED'],
    ['a broken header name', {}, { 'message-mac': join(format, id, sender, '%', mac) }, 'MAC_MALFORMED'],
  ])('with %s is refused', (_what, change, properties, reason) => {
    expect(reasonOf(changed(genuine, change, properties))).toBe(reason);
  });

  it('is refused when bytes slide from one field into the next', () => {
    const message = published({ ...payment, key: 'order-1', tag: 'paid' });
    expect(reasonOf(changed(message, {}, { KEYS: 'rder-1', TAGS: 'paido' }))).toBe('MAC_WRONG');
    expect(reasonOf(changed(message, {}, { KEYS: 'paid', TAGS: 'order-1' }))).toBe('MAC_WRONG');
  });

  it('is refused when a service signs what another one publishes', () => {
    const byOrder = published(payment, new MessageAuthenticator(options({ sender: 'order' })));
    expect(reasonOf(byOrder)).toBe('SENDER_NOT_ALLOWED');
  });

  it.each(['constructor', '__proto__', 'toString'])('is refused for topic %s, as for any other', (topic) => {
    expect(reasonOf(changed(genuine, { topic }))).toBe('MAC_WRONG');
  });

  it('cannot be made by a header that an outbox row carries', async () => {
    const publisher = new RocketmqPublisher(
      { namesrvAddr: '127.0.0.1:9876', authentication: options() },
      new InMemoryDriver(),
    );
    const injected = publisher.publish({ ...payment, headers: { 'message-mac': macOf(other) } });
    await expect(injected).rejects.toThrow(InvalidMessageError);
  });
});

describe('the keys', () => {
  it('rotate while messages are under way: all verify, the first one signs', () => {
    const before = new MessageAuthenticator(options());
    const both = new MessageAuthenticator(options({ keys: [key('one'), key('two')] }));
    const turned = new MessageAuthenticator(options({ keys: [key('two'), key('one')] }));
    const after = new MessageAuthenticator(options({ keys: [key('two')] }));
    expect(reasonOf(published(payment, before), both)).toBe('ACCEPTED');
    expect(reasonOf(published(payment, both), before)).toBe('ACCEPTED');
    expect(reasonOf(published(payment, turned), both)).toBe('ACCEPTED');
    expect(reasonOf(published(payment, turned), after)).toBe('ACCEPTED');
    expect(reasonOf(published(payment, before), after)).toBe('MAC_KEY_UNKNOWN');
  });

  it('are told apart by their secrets, not by their ids', () => {
    const impostor = new MessageAuthenticator(options({ keys: [{ id: 'one', secret: 'y'.repeat(40) }] }));
    expect(reasonOf(published(payment, impostor))).toBe('MAC_WRONG');
  });
});

describe('a message without a MAC', () => {
  const unsigned = changed(published(), {}, { 'message-mac': undefined });

  it('is accepted until the term of an upgrade is over, and a wrong one never', () => {
    const ahead = new MessageAuthenticator(options({ acceptUnsignedUntil: new Date(Date.now() + 60_000) }));
    const over = new MessageAuthenticator(options({ acceptUnsignedUntil: new Date(Date.now() - 1) }));
    expect(reasonOf(unsigned, ahead)).toBe('ACCEPTED');
    expect(reasonOf(unsigned, over)).toBe('MAC_MISSING');
    expect(reasonOf(changed(published(), {}, { KEYS: 'order-2' }), ahead)).toBe('MAC_WRONG');
    expect(reasonOf(changed(published(), {}, { 'message-mac': 'x' }), ahead)).toBe('MAC_MALFORMED');
  });
});

describe('options that cannot work', () => {
  it('are named all at once', () => {
    const authentication: MessageAuthentication = {
      keys: [
        { id: 'a b', secret: 'short' },
        { id: 'a b', secret: 'short' },
      ],
      sender: '',
      acceptUnsignedUntil: new Date(Date.now() + 30 * 86_400_000),
    };
    const create = () => new RocketmqPublisher({ namesrvAddr: '127.0.0.1:1', authentication }, new InMemoryDriver());
    expect(create).toThrow(MessagingConfigurationError);
    expect(create).toThrow(/another id for each key[\s\S]*"a b"[\s\S]*32 bytes[\s\S]*sender ""[\s\S]*7 days/);
  });
});
