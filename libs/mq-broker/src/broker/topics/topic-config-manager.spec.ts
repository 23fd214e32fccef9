import { beforeEach, describe, expect, it } from '@jest/globals';

import type { ConfigStorage } from '../../config/index.js';
import { createTopicConfig } from './topic-config.js';
import { TopicConfigManager, TopicLimitError } from './topic-config-manager.js';
import type { TopicConfigManagerOptions } from './topic-config-manager.js';

class Memory implements ConfigStorage {
  text: string | undefined;
  load(): Promise<string | undefined> {
    return Promise.resolve(this.text);
  }
  save(text: string): Promise<void> {
    this.text = text;
    return Promise.resolve();
  }
}

type Config = TopicConfigManagerOptions['config'];

const config = (changes: Partial<Config> = {}): Config => ({
  brokerClusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  autoCreateTopicEnable: true,
  defaultTopicQueueNums: 8,
  limits: {
    pendingAcksMax: 1,
    heldPullsMax: 1,
    heldPullsPerPeerMax: 1,
    topicsMax: 100,
    groupsMax: 100,
    connectionsMax: 1,
  },
  ...changes,
});

describe('the topics of a broker', () => {
  let now: number;
  let storage: Memory;
  const clock = { now: () => now };
  const load = (changes: Partial<Config> = {}): Promise<TopicConfigManager> =>
    TopicConfigManager.load({ config: config(changes), storage, clock });

  beforeEach(() => {
    now = 1_700_000_000_000;
    storage = new Memory();
  });

  it('start with the system topics, so that the first registration holds more than one', async () => {
    const topics = await load();
    expect(topics.systemTopics()).toEqual([
      'BenchmarkTest',
      'DefaultCluster',
      'DefaultCluster_REPLY_TOPIC',
      'OFFSET_MOVED_EVENT',
      'SCHEDULE_TOPIC_XXXX',
      'SELF_TEST_TOPIC',
      'TBW102',
      'broker-a',
    ]);
    expect(topics.get('TBW102')).toMatchObject({ perm: 7, readQueueNums: 8, writeQueueNums: 8 });
    expect(topics.get('SCHEDULE_TOPIC_XXXX')).toMatchObject({ perm: 6, writeQueueNums: 18 });
  });

  it('are saved in the shape of topics.json and found again', async () => {
    const first = await load();
    first.update({ ...createTopicConfig('orders', 4), attributes: { 'message.type': 'FIFO' } });
    await first.saved();
    expect(JSON.parse(storage.text ?? '')).toMatchObject({
      dataVersion: { counter: 2, stateVersion: 0, timestamp: now },
      topicConfigTable: { orders: { topicName: 'orders', readQueueNums: 4, perm: 6, topicFilterType: 'SINGLE_TAG' } },
    });

    now += 1_000;
    const second = await load();
    expect(second.get('orders')).toEqual({ ...createTopicConfig('orders', 4), attributes: { 'message.type': 'FIFO' } });
    expect(second.dataVersion).toEqual(first.dataVersion);
  });

  it('are read from a file of RocketMQ 4.9, which knows neither attributes nor stateVersion', async () => {
    storage.text = JSON.stringify({
      dataVersion: { counter: 7, timestamp: 5 },
      topicConfigTable: {
        T: {
          order: false,
          perm: 6,
          readQueueNums: 16,
          topicFilterType: 'SINGLE_TAG',
          topicName: 'T',
          writeQueueNums: 16,
        },
        '../../etc': { topicName: '../../etc', perm: 6, readQueueNums: 1, writeQueueNums: 1 },
      },
    });
    const topics = await load();
    expect(topics.get('T')).toEqual(createTopicConfig('T', 16));
    expect(topics.get('../../etc')).toBeUndefined();
    expect(topics.dataVersion.counter).toBe(8);
  });

  describe('created by a send', () => {
    it('take queues and permission from the template', async () => {
      const topics = await load();
      const changed: string[][] = [];
      topics.onChanged = (configs) => changed.push(configs.map(({ topicName }) => topicName));

      expect(topics.createInSend('orders', 'TBW102', 4, 0)).toEqual(createTopicConfig('orders', 4));
      expect(topics.createInSend('wide', 'TBW102', 64, 0)).toMatchObject({ writeQueueNums: 8 });
      expect(topics.createInSend('orders', 'TBW102', 8, 0)).toMatchObject({ writeQueueNums: 4 });
      expect(changed).toEqual([['orders'], ['wide']]);
    });

    it('need a template that exists and hands its permission down', async () => {
      const topics = await load();
      topics.createInSend('orders', 'TBW102', 4, 0);
      expect(topics.createInSend('child', 'orders', 4, 0)).toBeUndefined();
      expect(topics.createInSend('child', 'missing', 4, 0)).toBeUndefined();
      expect(topics.createInSend('child', 'broker-a', 4, 0)).toMatchObject({ writeQueueNums: 1 });
    });

    it('are refused where auto-creation is off, the name is bad, or there are too many', async () => {
      const settings = config();
      const topics = await TopicConfigManager.load({ config: settings, storage, clock });
      expect(topics.createInSend('../../x', 'TBW102', 4, 0)).toBeUndefined();

      settings.autoCreateTopicEnable = false;
      expect(topics.createInSend('orders', 'TBW102', 4, 0)).toBeUndefined();

      settings.autoCreateTopicEnable = true;
      settings.limits = { ...settings.limits, topicsMax: topics.size };
      expect(topics.createInSend('orders', 'TBW102', 4, 0)).toBeUndefined();
      expect(topics.createInSendBack('%RETRY%g', 1, 6, 0)).toBeUndefined();
      expect(() => topics.update(createTopicConfig('orders', 4))).toThrow(TopicLimitError);
    });
  });

  it('change their version only when something changed', async () => {
    const topics = await load();
    expect(topics.update(createTopicConfig('orders', 4))).toBe(true);
    const { counter } = topics.dataVersion;
    expect(topics.update(createTopicConfig('orders', 4))).toBe(false);
    expect(topics.dataVersion.counter).toBe(counter);

    expect(topics.delete('orders')).toBe(true);
    expect(topics.delete('orders')).toBe(false);
    expect(topics.dataVersion.counter).toBe(counter + 1);
  });

  it('are ordered exactly while a name server says so', async () => {
    const topics = await load();
    topics.update(createTopicConfig('orders', 4));
    topics.applyOrderTopics(new Set(['orders']));
    expect(topics.get('orders')?.order).toBe(true);
    const { counter } = topics.dataVersion;
    topics.applyOrderTopics(new Set(['orders']));
    expect(topics.dataVersion.counter).toBe(counter);
    topics.applyOrderTopics(new Set());
    expect(topics.get('orders')?.order).toBe(false);
  });

  it('are saved when the storage says so, and not before', async () => {
    const topics = await load();
    await topics.saved();
    let isStored = (): void => undefined;
    storage.save = () => new Promise<void>((resolve) => (isStored = resolve));
    topics.createInSend('fresh', 'TBW102', 4, 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect([topics.isSaved('fresh'), topics.isSaved('TBW102')]).toEqual([false, true]);
    isStored();
    await topics.saved();
    expect(topics.isSaved('fresh')).toBe(true);
  });

  it('are made anew for stored queues that topics.json does not name', async () => {
    const topics = await load();
    topics.update(createTopicConfig('known', 1));
    const adopted = topics.adoptStoredQueues([
      { topic: 'lost', queueId: 2 },
      { topic: 'lost', queueId: 0 },
      { topic: 'known', queueId: 7 },
    ]);
    expect(adopted).toEqual([createTopicConfig('lost', 3)]);
    expect(topics.get('known')?.readQueueNums).toBe(1);
  });

  it('know what belongs to the system and what nobody may send to', async () => {
    const topics = await load();
    expect(['TBW102', 'broker-a', 'DefaultCluster', 'rmq_sys_x'].every((name) => topics.isSystemTopic(name))).toBe(
      true,
    );
    expect(topics.isSystemTopic('orders')).toBe(false);
    expect(topics.isForbiddenToSend('SCHEDULE_TOPIC_XXXX')).toBe(true);
    expect(topics.isForbiddenToSend('broker-a')).toBe(false);
  });
});
