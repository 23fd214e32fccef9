import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from '@jest/globals';
import type { MessageListener } from '@rocketshop/mq-client';
import { createGate, FaultProxy, until } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { BrokerCluster, sendMany } from './support/broker-cluster.js';

describe('a frozen broker', () => {
  let cluster: BrokerCluster;
  let frozen: SpawnedService;
  beforeAll(async () => {
    cluster = await BrokerCluster.start();
    [frozen] = await Promise.all([
      cluster.brokerProcess('broker-c'),
      cluster.broker('broker-a'),
      cluster.broker('broker-b'),
    ]);
  });
  afterAll(() => cluster.stop());
  afterEach(() => frozen.signal('SIGCONT'));

  it('stops neither a new member of a group nor a message that failed', async () => {
    const consumerGroup = 'members';
    const gate = createGate();
    const deliveries: string[] = [];
    const listener: MessageListener = async ([message]) => {
      deliveries.push(`${message?.body.toString()} ${message?.reconsumeTimes}`);
      if (message?.reconsumeTimes !== 0) return 'CONSUME_SUCCESS';
      await gate.opened;
      return 'RECONSUME_LATER';
    };
    await cluster.topic('members');
    await cluster.consumer('members', listener, { consumerGroup });
    const producer = await cluster.producer();
    const queue = { topic: 'members', brokerName: 'broker-c', queueId: 0 };
    await producer.send({ topic: 'members', body: Buffer.from('failed') }, { queue });
    await until(() => deliveries.includes('failed 0'));

    frozen.signal('SIGSTOP');
    gate.open();
    await until(() => deliveries.includes('failed 1'));
    await cluster.consumer('members', listener, { consumerGroup });
    await sendMany(producer, 'members', 8, 1_500);
    const expected = Array.from({ length: 8 }, (_, index) => `m${index} 1`);
    await until(() => expected.every((line) => deliveries.includes(line)));
  });

  it('whose machine answers no attempt to connect takes no send with it', async () => {
    const { address } = await cluster.unreachableServer();
    await cluster.register('broker-gone', address, ['parcels']);
    await cluster.proxiedBroker('broker-p', ['parcels']);
    const producers = await Promise.all(Array.from({ length: 6 }, () => cluster.producer()));
    await Promise.all(producers.map((producer) => sendMany(producer, 'parcels', 2, 1_500)));
  });
});

describe('a name server', () => {
  let cluster: BrokerCluster;
  beforeEach(async () => {
    cluster = await BrokerCluster.start();
  });
  afterEach(() => cluster.stop());

  it('whose connection to a broker vanished without a word hears of the broker and its new topics again', async () => {
    const proxy = await FaultProxy.start({ port: cluster.nameServer.port });
    cluster.onStop(() => proxy.stop());
    await cluster.broker('broker-a', { namesrvAddr: `127.0.0.1:${proxy.port}` });
    const producer = await cluster.producer();
    await until(async () => (await producer.fetchPublishMessageQueues('TBW102')).length > 0);

    proxy.forgetConnections();
    await sendMany(producer, 'created-meanwhile', 1, 3_000);
    const other = await cluster.producer({ createTopicKey: 'no-template' });
    await until(async () => (await other.fetchPublishMessageQueues('created-meanwhile')).length > 0, {
      timeoutMs: 20_000,
    });
  }, 40_000);
});
