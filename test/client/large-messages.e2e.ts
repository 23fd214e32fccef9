import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Producer } from '@rocketshop/mq-client';
import type { MessageListener } from '@rocketshop/mq-client';
import { MESSAGE_BODY_BYTES_CEILING } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { MessageSystem, Received } from './support/message-system.js';

const MiB = 1024 * 1024;
const limits = { maxMessageSize: MESSAGE_BODY_BYTES_CEILING };
/** A send of 8 MiB takes its time on a loaded machine. */
const timeoutMs = 20_000;

describe('messages over 4 MiB, where producer and broker allow them', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start({ ...limits, timeScale: 1_000 });
  });
  afterAll(() => system.stop());

  it.each([
    ['a text', Buffer.alloc(5 * MiB, 'abcdefgh')],
    ['the longest text', Buffer.alloc(MESSAGE_BODY_BYTES_CEILING, 'abcdefgh')],
    ['the longest body that no compression makes shorter', randomBytes(MESSAGE_BODY_BYTES_CEILING)],
  ])('are delivered, and delivered again: %s', async (_what, body) => {
    const topic = await system.topic(1);
    const received = new Received();
    const listener: MessageListener = async (messages, context) => {
      await received.listener(messages, context);
      return messages[0]?.reconsumeTimes === 0 ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
    };
    await system.consumer({ [topic]: '*' }, listener);
    const producer = await system.producer(limits);
    expect((await producer.send({ topic, body }, { timeoutMs })).sendStatus).toBe('SEND_OK');
    await until(() => received.messages.length === 2, { timeoutMs });
    expect(received.messages.map((message) => message.body.equals(body))).toEqual([true, true]);

    const reader = await system.pullConsumer();
    const [queue] = await reader.fetchMessageQueues(topic);
    const { messages } = await reader.pull(queue ?? { topic, brokerName: '', queueId: 0 }, '*', 0, 32);
    expect(messages.map((message) => message.body.equals(body))).toEqual([true]);
    const admin = await system.admin();
    expect((await admin.viewMessage(messages[0]?.offsetMsgId ?? '')).body.equals(body)).toBe(true);
  });

  it('are refused at the send with the limit that they are over', async () => {
    const topic = await system.topic(1);
    const producer = await system.producer(limits);
    const tooLarge = { topic, body: Buffer.alloc(MESSAGE_BODY_BYTES_CEILING + 1, 'a') };
    await expect(producer.send(tooLarge)).rejects.toThrow(`maxMessageSize ${MESSAGE_BODY_BYTES_CEILING}`);
    await expect(producer.sendBatch([tooLarge])).rejects.toThrow(`maxMessageSize ${MESSAGE_BODY_BYTES_CEILING}`);
    const options = { namesrvAddr: system.namesrvAddr, producerGroup: 'p' };
    expect(() => new Producer({ ...options, maxMessageSize: MESSAGE_BODY_BYTES_CEILING + 1 })).toThrow(
      `maxMessageSize must be a whole number from 1 to ${MESSAGE_BODY_BYTES_CEILING}`,
    );
  });

  it('are refused by a broker that allows less, with its limit', async () => {
    const strict = await MessageSystem.start({ maxMessageSize: 5 * MiB });
    const topic = await strict.topic(1);
    const producer = await strict.producer(limits);
    const remark = expect.stringContaining(`maxMessageSize ${5 * MiB}`);
    const body = randomBytes(5 * MiB + 1);
    await expect(producer.send({ topic, body }, { timeoutMs })).rejects.toMatchObject({ responseCode: 13, remark });
    await expect(producer.sendBatch([{ topic, body }], { timeoutMs })).rejects.toMatchObject({
      responseCode: 13,
      remark,
    });
    await strict.stop();
  });
});
