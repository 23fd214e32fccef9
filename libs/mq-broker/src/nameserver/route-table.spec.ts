import { beforeEach, describe, expect, it } from '@jest/globals';

import type { TopicConfig } from '@rocketshop/mq-protocol';

import { RouteTable } from './route-table.js';
import type { BrokerRegistration } from './route-table.js';

const topic = (topicName: string, perm = 6): TopicConfig => ({
  topicName,
  readQueueNums: 4,
  writeQueueNums: 4,
  perm,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
  attributes: {},
});

const table = (...configs: TopicConfig[]): BrokerRegistration['topics'] =>
  new Map(configs.map((config) => [config.topicName, config]));

const registration = (changes: Partial<BrokerRegistration> = {}): BrokerRegistration => ({
  clusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  brokerAddr: '10.0.0.1:10911',
  brokerId: 0,
  haServerAddr: '10.0.0.1:10912',
  enableActingMaster: undefined,
  heartbeatTimeoutMillis: undefined,
  dataVersion: { counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 },
  topics: table(topic('TBW102', 7), topic('orders')),
  ...changes,
});

const slave = (changes: Partial<BrokerRegistration> = {}): BrokerRegistration =>
  registration({ brokerAddr: '10.0.0.2:10911', brokerId: 1, haServerAddr: '10.0.0.2:10912', ...changes });

class Channel {
  private static count = 0;
  readonly id = ++Channel.count;
  closed = false;
  close(): void {
    this.closed = true;
  }
}

describe('the route table of a name server', () => {
  let now: number;
  let routes: RouteTable;
  let channel: Channel;
  const permOf = (name: string): number | undefined => routes.route(name)?.queueDatas[0]?.perm;

  beforeEach(() => {
    now = 1_700_000_000_000;
    routes = new RouteTable(() => now);
    channel = new Channel();
  });

  it('gives the route of a topic that a broker registered, and none of others', () => {
    routes.register(registration(), channel);

    const route = routes.route('orders');
    expect(route?.queueDatas).toEqual([
      { brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 },
    ]);
    expect(route?.brokerDatas[0]?.brokerAddrs).toEqual(new Map([[0, '10.0.0.1:10911']]));
    expect(routes.route('unknown')).toBeUndefined();
  });

  it('refuses a first registration with exactly one topic, and takes a later one', () => {
    expect(routes.register(registration({ topics: table(topic('orders')) }), channel)).toBeUndefined();
    expect(routes.clusterInfo().brokerAddrTable.size).toBe(0);

    expect(routes.register(registration({ topics: table() }), channel)).toEqual({});
    const incremental = registration({
      topics: table(topic('late')),
      dataVersion: { counter: 2, stateVersion: 0, timestamp: 1_700_000_000_001 },
    });
    expect(routes.register(incremental, channel)).toEqual({});
    expect(routes.topics()).toEqual(['late']);
  });

  it('keeps the queues of a topic as they are while the data version stays the same', () => {
    routes.register(registration(), channel);
    expect(routes.wipeWritePerm('broker-a')).toBe(2);
    expect(permOf('orders')).toBe(4);

    routes.register(registration(), channel);
    expect(permOf('orders')).toBe(4);

    routes.register(registration({ dataVersion: { counter: 2, stateVersion: 0, timestamp: 1 } }), channel);
    expect(permOf('orders')).toBe(6);
  });

  it('gives the write permission back', () => {
    routes.register(registration(), channel);
    routes.wipeWritePerm('broker-a');
    expect(routes.addWritePerm('broker-a')).toBe(2);
    expect(permOf('orders')).toBe(6);
    expect(routes.wipeWritePerm('unknown')).toBe(0);
  });

  it('takes topics of the master only and tells its slaves where it is', () => {
    const slaveChannel = new Channel();
    expect(routes.register(slave({ topics: table(topic('a'), topic('b')) }), slaveChannel)).toEqual({});
    expect(routes.topics()).toEqual([]);

    expect(routes.register(registration(), channel)).toEqual({});
    expect(routes.register(slave(), slaveChannel)).toEqual({
      masterAddr: '10.0.0.1:10911',
      haServerAddr: '10.0.0.1:10912',
    });
  });

  it('lets the slave of the smallest id stand in for reading where acting masters are on', () => {
    routes.register(slave({ enableActingMaster: true }), channel);
    expect(permOf('orders')).toBe(4);
  });

  it('keeps the queues readable when only a slave is left, and forgets them with the last', () => {
    const slaveChannel = new Channel();
    routes.register(registration(), channel);
    routes.register(slave(), slaveChannel);

    routes.channelClosed(channel);
    expect(routes.route('orders')?.brokerDatas[0]?.brokerAddrs).toEqual(new Map([[1, '10.0.0.2:10911']]));

    routes.channelClosed(slaveChannel);
    expect(routes.route('orders')).toBeUndefined();
    expect(routes.topics()).toEqual([]);
    expect(routes.clusterInfo().clusterAddrTable.size).toBe(0);
  });

  it('leaves one entry when an address comes back under another id', () => {
    routes.register(slave(), channel);
    routes.register(slave({ brokerId: 0 }), channel);
    expect(routes.brokerData('broker-a')?.brokerAddrs).toEqual(new Map([[0, '10.0.0.2:10911']]));
  });

  it('does not let an older state take the place of a newer one', () => {
    const version = (stateVersion: number): BrokerRegistration['dataVersion'] => ({
      counter: 1,
      stateVersion,
      timestamp: 1,
    });
    routes.register(registration({ dataVersion: version(2) }), channel);
    expect(routes.register(registration({ brokerAddr: 'old:1', dataVersion: version(1) }), new Channel())).toEqual({});
    expect(routes.brokerData('broker-a')?.brokerAddrs.get(0)).toBe('10.0.0.1:10911');

    routes.register(registration({ brokerAddr: 'new:1', dataVersion: version(3) }), new Channel());
    expect(routes.brokerData('broker-a')?.brokerAddrs.get(0)).toBe('new:1');
  });

  it('drops a broker that fell silent and closes its connection', () => {
    routes.register(registration(), channel);
    now += 120_000;
    expect(routes.removeExpired()).toEqual([]);

    routes.refresh(registration());
    now += 120_000;
    expect(routes.removeExpired()).toEqual([]);

    now += 1;
    expect(routes.removeExpired()).toEqual(['10.0.0.1:10911']);
    expect(channel.closed).toBe(true);
    expect(routes.route('orders')).toBeUndefined();
  });

  it('lets a broker choose after which silence it is gone', () => {
    routes.register(registration({ heartbeatTimeoutMillis: 1_000 }), channel);
    now += 1_001;
    expect(routes.removeExpired()).toEqual(['10.0.0.1:10911']);
  });

  it('does not drop a broker that registered anew when its old connection closes late', () => {
    routes.register(registration(), channel);
    routes.register(registration(), new Channel());
    routes.channelClosed(channel);
    expect(routes.route('orders')).toBeDefined();
  });

  it('lists topics by cluster and deletes them by cluster', () => {
    routes.register(registration(), channel);
    const other = registration({ clusterName: 'Other', brokerName: 'broker-b', brokerAddr: '10.0.0.9:10911' });
    routes.register(other, new Channel());
    expect(routes.topicsOfCluster('Other')).toEqual(['TBW102', 'orders']);
    expect(routes.systemTopics().topicList).toEqual(['DefaultCluster', 'Other', 'broker-a', 'broker-b']);

    routes.deleteTopic('orders', 'Other');
    expect(routes.route('orders')?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a']);
    routes.deleteTopic('orders');
    expect(routes.route('orders')).toBeUndefined();
  });

  it('takes back a deleted topic with the next registration of a broker that still has it', () => {
    routes.register(registration(), channel);
    routes.deleteTopic('orders');
    routes.register(registration(), channel);
    expect(routes.route('orders')).toBeDefined();
  });
});
