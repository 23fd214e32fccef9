import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@rocketshop/shop-testkit';
import { MessageSystem, Received } from './support/message-system.js';

/** Level 3, that of the first redelivery, is 10 s; here it is 20 ms. */
const timeScale = 500;

describe('a message whose listener fails', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start({ timeScale });
  });
  afterEach(() => system.stopClients());
  afterAll(() => system.stop());

  it('is delivered again under its own topic, with a growing count, until the listener succeeds', async () => {
    const topic = await system.topic(1);
    const deliveries: { topic: string; reconsumeTimes: number; msgId: string }[] = [];
    await system.consumer({ [topic]: 'paid' }, ([message]) => {
      if (message === undefined) return;
      deliveries.push({ topic: message.topic, reconsumeTimes: message.reconsumeTimes, msgId: message.msgId });
      if (deliveries.length < 4) throw new Error('not yet');
    });
    const producer = await system.producer();
    const { msgId } = await producer.send({ topic, body: Buffer.from('x'), tags: 'paid' });
    await until(() => deliveries.length === 4);
    expect(deliveries).toEqual([0, 1, 2, 3].map((reconsumeTimes) => ({ topic, reconsumeTimes, msgId })));
  });

  it('goes to the dead letter queue after maxReconsumeTimes', async () => {
    const topic = await system.topic(1);
    const consumerGroup = system.name('group');
    let calls = 0;
    await system.consumer(
      { [topic]: '*' },
      () => {
        calls += 1;
        return 'RECONSUME_LATER';
      },
      { consumerGroup, maxReconsumeTimes: 2 },
    );
    const dead = new Received();
    await system.consumer({ [`%DLQ%${consumerGroup}`]: '*' }, dead.listener);
    const producer = await system.producer();
    const { msgId } = await producer.send({ topic, body: Buffer.from('poison') });
    await until(() => dead.bodies.length === 1);
    expect(calls).toBe(3);
    expect(dead.messages[0]?.properties).toMatchObject({ UNIQ_KEY: msgId, RETRY_TOPIC: topic });
  });

  it('goes to the dead letter queue at once when the listener says so', async () => {
    const topic = await system.topic(1);
    const consumerGroup = system.name('group');
    let calls = 0;
    await system.consumer(
      { [topic]: '*' },
      (_messages, context) => {
        calls += 1;
        context.delayLevelWhenNextConsume = -1;
        return 'RECONSUME_LATER';
      },
      { consumerGroup },
    );
    const dead = new Received();
    await system.consumer({ [`%DLQ%${consumerGroup}`]: '*' }, dead.listener);
    const producer = await system.producer();
    await producer.send({ topic, body: Buffer.from('poison') });
    await until(() => dead.bodies.length === 1);
    expect(calls).toBe(1);
  });
});
