import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { PushConsumer } from '@rocketshop/mq-client';
import { createGate, until } from '@rocketshop/shop-testkit';
import { MessageSystem, numbered, Received } from './support/message-system.js';

describe('members of one group', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start();
  });
  afterEach(() => system.stopClients());
  afterAll(() => system.stop());

  const held = (topic: string, ...members: PushConsumer[]): number[][] =>
    members.map((member) =>
      member
        .assignedQueues()
        .filter((queue) => queue.topic === topic)
        .map((queue) => queue.queueId)
        .sort((a, b) => a - b),
    );

  it('share the queues without overlap, and take over those of a member that leaves', async () => {
    const topic = await system.topic(8);
    const consumerGroup = system.name('group');
    const received = [new Received(), new Received(), new Received()];
    const join = (member: number): Promise<PushConsumer> =>
      system.consumer({ [topic]: '*' }, received[member]?.listener ?? (() => undefined), { consumerGroup });
    const first = await join(0);
    await until(() => held(topic, first)[0]?.length === 8);
    const second = await join(1);
    await until(() => held(topic, first, second).every((queues) => queues.length === 4));
    const third = await join(2);
    await until(() => {
      const shares = held(topic, first, second, third);
      return shares.every(({ length }) => length === 2 || length === 3) && new Set(shares.flat()).size === 8;
    });
    expect(held(topic, first, second, third).flat()).toHaveLength(8);

    const producer = await system.producer();
    await Promise.all(numbered(400).map((body) => producer.send({ topic, body: Buffer.from(body) })));
    await until(() => received.flatMap(({ bodies }) => bodies).length >= 400);
    expect(received.flatMap(({ bodies }) => bodies).sort()).toEqual(numbered(400).sort());
    expect(received.every(({ bodies }) => bodies.length > 0)).toBe(true);

    await second.shutdown();
    await until(() => held(topic, first, third).flat().length === 8);
    await Promise.all(numbered(100, 'later').map((body) => producer.send({ topic, body: Buffer.from(body) })));
    await until(() => received.flatMap(({ bodies }) => bodies).length >= 500);
    expect(received.flatMap(({ bodies }) => bodies)).toHaveLength(500);
  });

  it('never commit past an unfinished message', async () => {
    const topic = await system.topic(1);
    const gate = createGate();
    const finished: number[] = [];
    const consumerGroup = system.name('group');
    await system.consumer(
      { [topic]: '*' },
      async ([message]) => {
        if (message?.queueOffset === 5) await gate.opened;
        finished.push(message?.queueOffset ?? -1);
      },
      { consumerGroup },
    );
    const producer = await system.producer();
    for (const body of numbered(40)) await producer.send({ topic, body: Buffer.from(body) });
    const admin = await system.admin();
    const committed = async (): Promise<number | undefined> =>
      (await admin.examineConsumeStats(consumerGroup, topic)).offsets[0]?.consumerOffset;
    await until(async () => finished.length === 39 && (await committed()) === 5);
    gate.open();
    await until(async () => (await committed()) === 40);
  });

  it('get no duplicate after a clean stop and start, although calls were running and messages waiting', async () => {
    const topic = await system.topic(2);
    const consumerGroup = system.name('group');
    const gate = createGate();
    const seen: string[] = [];
    const listener = async ([message]: { body: Buffer }[]): Promise<void> => {
      await gate.opened;
      seen.push(message?.body.toString() ?? '');
    };
    const producer = await system.producer();
    await Promise.all(numbered(100).map((body) => producer.send({ topic, body: Buffer.from(body) })));
    const consumer = await system.consumer({ [topic]: '*' }, listener, { consumerGroup, consumeThreadMax: 7 });
    await until(() => held(topic, consumer)[0]?.length === 2);
    const stopped = consumer.shutdown();
    gate.open();
    await stopped;
    const before = seen.length;
    expect(before).toBeLessThan(100);
    await consumer.start();
    await until(() => new Set(seen).size === 100);
    expect(seen).toHaveLength(100);
  });

  it('stop consuming on suspend, and continue on resume', async () => {
    const topic = await system.topic(1);
    const received = new Received();
    const consumer = await system.consumer({ [topic]: '*' }, received.listener);
    const producer = await system.producer();
    await producer.send({ topic, body: Buffer.from('first') });
    await until(() => received.bodies.length === 1);
    consumer.suspend();
    for (const body of numbered(10)) await producer.send({ topic, body: Buffer.from(body) });
    expect([consumer.suspended, received.bodies]).toEqual([true, ['first']]);
    consumer.resume();
    await until(() => received.bodies.length === 11);
  });

  it('cannot join twice in one client instance', async () => {
    const topic = await system.topic(1);
    const consumerGroup = system.name('group');
    const join = (): Promise<PushConsumer> =>
      system.consumer({ [topic]: '*' }, () => undefined, { consumerGroup, instanceName: 'shared' });
    await join();
    await expect(join()).rejects.toMatchObject({ code: 'DUPLICATE_GROUP', group: consumerGroup });
  });
});
