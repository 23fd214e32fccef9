import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultProxy, until } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { BrokerCluster, sendMany } from './support/broker-cluster.js';
import { Received } from './support/message-system.js';

describe('a broker that says nothing', () => {
  let cluster: BrokerCluster;
  let frozen: SpawnedService;
  beforeAll(async () => {
    cluster = await BrokerCluster.start();
    [frozen] = await Promise.all([
      cluster.brokerProcess('broker-c'),
      cluster.broker('broker-a'),
      cluster.broker('broker-b'),
    ]);
    await cluster.topic('orders');
  });
  afterAll(() => cluster.stop());
  afterEach(() => frozen.signal('SIGCONT'));

  it('because it is frozen takes no send with it, is set aside, and is used again when it answers', async () => {
    const careful = await cluster.producer();
    const careless = await cluster.producer({ sendLatencyFaultEnable: false });
    const producers = [careful, careless];
    for (const producer of producers) expect(new Set(await sendMany(producer, 'orders', 6, 3_000)).size).toBe(3);

    frozen.signal('SIGSTOP');
    for (const producer of producers) {
      // The first sends may meet the frozen broker, all at once; those that follow do not.
      const first = await Promise.allSettled(Array.from({ length: 12 }, () => sendMany(producer, 'orders', 1, 1_500)));
      expect(first.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await sendMany(producer, 'orders', 12, 600)).not.toContain('broker-c');
    }

    frozen.signal('SIGCONT');
    await until(async () => (await sendMany(careless, 'orders', 3, 1_000)).includes('broker-c'));
  });

  it('behind a connection that vanished without a word is reached on a new one, before the time of the send is over', async () => {
    const proxy = await cluster.proxiedBroker('broker-v', ['letters']);
    const received = new Received();
    await cluster.consumer('letters', received.listener, { heartbeatBrokerInterval: 200, mqClientApiTimeout: 300 });
    const producer = await cluster.producer();
    await sendMany(producer, 'letters', 1, 3_000);
    await until(() => received.bodies.length === 1);

    proxy.forgetConnections();
    expect(await sendMany(producer, 'letters', 1, 2_000)).toEqual(['broker-v']);
    await until(() => received.bodies.length > 1);
  });

  it('or only half a frame is left for the next one, even when one of five answers', async () => {
    const halfAFrame = Buffer.from([0, 0, 1, 0, 0, 0, 0]);
    const answers = [undefined, halfAFrame, undefined, halfAFrame];
    for (const [index, answer] of answers.entries()) {
      const { address } = await cluster.silentServer(answer);
      await cluster.register(`silent-${index}`, address, ['parcels']);
    }
    await cluster.proxiedBroker('broker-p', ['parcels']);
    const producers = await Promise.all(Array.from({ length: 6 }, () => cluster.producer()));
    const sent = await Promise.all(producers.map((producer) => sendMany(producer, 'parcels', 2, 3_000)));
    expect(new Set(sent.flat())).toEqual(new Set(['broker-p']));
  });
});

describe('name servers that say nothing', () => {
  let cluster: BrokerCluster;
  beforeEach(async () => {
    cluster = await BrokerCluster.start();
  });
  afterEach(() => cluster.stop());

  it('leave time for the first send of every client, and for its start', async () => {
    await cluster.broker('broker-a');
    await cluster.topic('orders');
    const silent = await Promise.all([cluster.silentServer(), cluster.silentServer(Buffer.from([0, 0, 1]))]);
    const namesrvAddr = [...silent.map(({ address }) => address), cluster.nameServer.address].join(';');
    const producers = await Promise.all(Array.from({ length: 8 }, () => cluster.producer({ namesrvAddr })));
    await Promise.all(producers.map((producer) => sendMany(producer, 'orders', 3, 1_500)));

    const received = new Received();
    await cluster.consumer('orders', received.listener, { namesrvAddr });
    await until(() => received.distinct.size === 3);
  });

  it('behind a connection that vanished without a word are asked on a new one, in the time of the send', async () => {
    await cluster.broker('broker-a');
    await cluster.topic('orders');
    await cluster.topic('parcels');
    const proxy = await FaultProxy.start({ port: cluster.nameServer.port });
    cluster.onStop(() => proxy.stop());
    const producer = await cluster.producer({ namesrvAddr: `127.0.0.1:${proxy.port}` });
    await sendMany(producer, 'orders', 1, 3_000);
    proxy.forgetConnections();
    await sendMany(producer, 'parcels', 1, 3_000);
  });
});
