import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@rocketshop/shop-testkit';
import { MessageSystem, numbered, Received, recordingLogger } from './support/message-system.js';

describe('the admin client', () => {
  let system: MessageSystem;
  beforeAll(async () => {
    system = await MessageSystem.start();
  });
  afterEach(() => system.stopClients());
  afterAll(() => system.stop());

  it('creates a topic, lists it, reads its statistics and deletes it', async () => {
    const topic = await system.topic(3);
    const admin = await system.admin();
    const producer = await system.producer();
    for (const body of numbered(9)) await producer.send({ topic, body: Buffer.from(body) });
    const { offsets } = await admin.examineTopicStats(topic);
    expect(offsets.map(({ minOffset, maxOffset }) => [minOffset, maxOffset])).toEqual([
      [0, 3],
      [0, 3],
      [0, 3],
    ]);
    const { queueDatas } = await admin.fetchTopicRoute(topic);
    expect(queueDatas).toMatchObject([{ brokerName: 'broker-a', readQueueNums: 3, writeQueueNums: 3, perm: 6 }]);
    expect((await admin.fetchClusterInfo()).clusterAddrTable.get('DefaultCluster')).toEqual(['broker-a']);
    expect(await admin.fetchAllTopics()).toContain(topic);
    await admin.deleteTopic(topic);
    expect(await admin.fetchAllTopics()).not.toContain(topic);
    await expect(admin.fetchTopicRoute(topic)).rejects.toMatchObject({ code: 'NO_ROUTE' });
  });

  it('does not connect to an address of a message id that is outside of the cluster', async () => {
    const admin = await system.admin();
    const elsewhere = '7F00000100000001000000000000000A';
    await expect(admin.viewMessage(elsewhere)).rejects.toMatchObject({ code: 'BROKER_NOT_FOUND' });
  });

  it('lets groups of one process share one connection to the broker', async () => {
    const topic = await system.topic(1);
    const { logger, lines } = recordingLogger();
    const received = [new Received(), new Received()];
    for (const { listener } of received) {
      await system.consumer({ [topic]: '*' }, listener, { logger, instanceName: 'shared' });
    }
    const producer = await system.producer();
    await producer.send({ topic, body: Buffer.from('x') });
    await until(() => received.every(({ bodies }) => bodies.length === 1));
    // One to the name server, one to the broker.
    expect(lines.filter((line) => line.startsWith('connected to'))).toHaveLength(2);
  });

  it('sees that a group cannot commit an offset that the queue does not have, and so skips nothing', async () => {
    const topic = await system.topic(1);
    const consumerGroup = system.name('group');
    const producer = await system.producer();
    for (const body of numbered(5, 'old')) await producer.send({ topic, body: Buffer.from(body) });
    const reader = await system.pullConsumer(consumerGroup);
    const [queue] = await reader.fetchMessageQueues(topic);
    if (queue === undefined) throw new Error('the topic has no queue');
    await expect(reader.updateConsumeOffset(queue, 1_000)).rejects.toThrow('beyond the end');
    await reader.shutdown();

    const received = new Received();
    await system.consumer({ [topic]: '*' }, received.listener, { consumerGroup });
    const admin = await system.admin();
    await until(async () => (await admin.examineConsumeStats(consumerGroup, topic)).offsets[0]?.consumerOffset === 5);
    expect(received.bodies).toEqual(numbered(5, 'old'));
  });
});
