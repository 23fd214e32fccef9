import { describe, expect, it } from '@jest/globals';
import { decodeProperties } from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import { silentLogger } from '../logger.js';
import type { SendStatus } from '../message.js';
import type { MessageSender } from '../producer/message-sender.js';
import { resendOf, SendBack } from './send-back.js';

const options = { group: 'g', maxReconsumeTimes: 16 };
const failed = (changes: Partial<MessageExt> = {}): MessageExt =>
  ({
    topic: 'orders',
    body: Buffer.from('hello'),
    flag: 5,
    sysFlag: 0,
    properties: { TAGS: 'paid', UNIQ_KEY: 'id-1', TRAN_MSG: 'true', DELAY: '1' },
    reconsumeTimes: 2,
    msgId: 'id-1',
    ...changes,
  }) as MessageExt;

describe('resendOf', () => {
  it('sends a copy to the retry topic, one delivery and one delay level further', () => {
    const copy = resendOf(failed(), 0, options);
    expect(copy).toMatchObject({ topic: '%RETRY%g', reconsumeTimes: 3, maxReconsumeTimes: 16, flag: 5, sysFlag: 0 });
    expect({ ...decodeProperties(copy.properties) }).toEqual({
      TAGS: 'paid',
      UNIQ_KEY: 'id-1',
      RETRY_TOPIC: 'orders',
      ORIGIN_MESSAGE_ID: 'id-1',
      DELAY: '5',
    });
  });

  it('keeps the first message id, and uses the wanted delay level, up to the last one', () => {
    const again = failed({ properties: { ORIGIN_MESSAGE_ID: 'first' }, reconsumeTimes: 16 });
    expect(decodeProperties(resendOf(again, 0, options).properties)).toMatchObject({
      ORIGIN_MESSAGE_ID: 'first',
      DELAY: '18',
    });
    expect(decodeProperties(resendOf(failed(), 2, options).properties)).toMatchObject({ DELAY: '2' });
  });

  it('asks for the dead letter queue with more deliveries than the maximum', () => {
    expect(resendOf(failed(), -1, options).reconsumeTimes).toBe(17);
  });

  it.each([
    ['a header', { 'x-long': 'x'.repeat(32_700) }],
    ['its keys', { KEYS: 'k'.repeat(32_700) }],
    ['the topic that it claims', { RETRY_TOPIC: 't'.repeat(32_700) }],
    ['many headers', Object.fromEntries(Array.from({ length: 320 }, (_, index) => [`x-${index}`, 'ä'.repeat(50)]))],
  ])('still goes back, with its reason, when %s leaves no room for more properties', (_what, long) => {
    const message = failed({ properties: { UNIQ_KEY: 'id-1', ...long } });
    const reason = { 'failure-class': 'MessageRefusedError', 'failure-stack': 's'.repeat(4_000) };
    const { properties } = resendOf(message, -1, options, reason);
    expect(Buffer.byteLength(properties)).toBeLessThan(32_000);
    expect(decodeProperties(properties)).toMatchObject({ UNIQ_KEY: 'id-1', 'failure-class': 'MessageRefusedError' });
  });

  it('has the properties that the listener added', () => {
    const copy = resendOf(failed(), 0, options, { 'failure-class': 'OutOfStockError' });
    expect(decodeProperties(copy.properties)).toMatchObject({ TAGS: 'paid', 'failure-class': 'OutOfStockError' });
  });

  it('keeps a body that could not be inflated, and its compression method', () => {
    const lz4 = 0x101;
    const unreadable = failed({ body: Buffer.alloc(5_000, 1), sysFlag: lz4 });
    expect(resendOf(unreadable, -1, options)).toMatchObject({ body: unreadable.body, sysFlag: lz4 });
  });

  it('compresses a large body again', () => {
    expect(resendOf(failed({ body: Buffer.alloc(5_000, 'a') }), 0, options).sysFlag).toBe(1);
  });
});

describe('SendBack', () => {
  /** A broker that answers send-backs, and a sender of copies, both as the test says. */
  function sendBackOf(takesBack: boolean, copyStatus: SendStatus | undefined, isSilent = false) {
    const steps: string[] = [];
    const instance = {
      logger: silentLogger,
      routes: { masterAddress: () => 'b:1' },
      isSilent: () => isSilent,
      invoke: async () => {
        steps.push('send back');
        if (!takesBack) throw new Error('refused');
      },
    };
    const sender = {
      send: async () => {
        steps.push('copy');
        if (copyStatus === undefined) throw new Error('unreachable');
        return { sendStatus: copyStatus };
      },
    };
    const sendBack = new SendBack(instance as unknown as ClientInstance, sender as unknown as MessageSender, options);
    const queue = { topic: 'orders', brokerName: 'b', queueId: 0 };
    return {
      steps,
      give: (retryProperties?: Record<string, string>) => sendBack.give(failed(), queue, 0, retryProperties),
    };
  }

  it('sends a copy only when the broker does not take the message back', async () => {
    const willing = sendBackOf(true, 'SEND_OK');
    expect([await willing.give(), willing.steps]).toEqual([true, ['send back']]);
    const refusing = sendBackOf(false, 'SEND_OK');
    expect([await refusing.give(), refusing.steps]).toEqual([true, ['send back', 'copy']]);
  });

  it('sends a copy at once when the broker is known to say nothing', async () => {
    const silent = sendBackOf(true, 'SEND_OK', true);
    expect([await silent.give(), silent.steps]).toEqual([true, ['copy']]);
  });

  it('sends the copy first when there are properties to add', async () => {
    const willing = sendBackOf(true, 'SEND_OK');
    expect([await willing.give({ reason: 'x' }), willing.steps]).toEqual([true, ['copy']]);
    const unreachable = sendBackOf(true, undefined);
    expect([await unreachable.give({ reason: 'x' }), unreachable.steps]).toEqual([true, ['copy', 'send back']]);
  });

  it('does not count a copy as stored that may not be on the disk', async () => {
    const unsure = sendBackOf(false, 'FLUSH_DISK_TIMEOUT');
    expect([await unsure.give(), unsure.steps]).toEqual([false, ['send back', 'copy']]);
    expect(await sendBackOf(false, 'SLAVE_NOT_AVAILABLE').give()).toBe(true);
    expect(await sendBackOf(false, undefined).give()).toBe(false);
  });
});
