import { describe, expect, it } from '@jest/globals';
import { RequestRefusedError } from '@rocketshop/mq-protocol';
import type { TopicConfig } from '@rocketshop/mq-protocol';
import { ManualClock } from '../../testing/manual-clock.js';
import type { BrokerContext } from '../broker-context.js';
import { resolveBrokerConfig } from '../broker.config.js';
import type { BrokerConfigInput } from '../broker.config.js';
import { createTopicConfig, TopicConfigManager } from '../topics/index.js';
import { checkSend } from './send-checks.js';
import type { SendTarget } from './send-checks.js';

type Situation = { config?: BrokerConfigInput; topics?: TopicConfig[]; draining?: boolean };

async function check(
  target: Partial<SendTarget>,
  { config = {}, topics = [], draining = false }: Situation = {},
): Promise<unknown> {
  const resolved = resolveBrokerConfig(config);
  const storage = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const manager = await TopicConfigManager.load({ config: resolved, storage, clock: new ManualClock() });
  for (const topic of topics) manager.update(topic);
  const context = {
    config: resolved,
    topics: manager,
    draining,
    address: '127.0.0.1:10911',
  } as unknown as BrokerContext;
  try {
    const topic = checkSend(context, {
      topic: 'orders',
      queueId: 0,
      defaultTopic: () => 'TBW102',
      defaultTopicQueueNums: () => 4,
      ...target,
    });
    return topic.topicName;
  } catch (error) {
    return error instanceof RequestRefusedError ? error.responseCode : error;
  }
}

const orders = (changes: Partial<TopicConfig> = {}): TopicConfig => ({ ...createTopicConfig('orders', 4), ...changes });

describe('the checks of a send', () => {
  it.each<[string, Partial<SendTarget>, Situation, number | string]>([
    ['a broker that stops', {}, { draining: true, topics: [orders()] }, 14],
    [
      'an order topic on a read-only broker',
      {},
      { config: { brokerPermission: 4 }, topics: [orders({ order: true })] },
      16,
    ],
    ['another topic on a read-only broker', {}, { config: { brokerPermission: 4 }, topics: [orders()] }, 14],
    ['no name', { topic: '' }, {}, 29],
    ['a path', { topic: '../orders' }, {}, 29],
    ['a name of 128 characters', { topic: 'x'.repeat(128) }, {}, 29],
    ['a topic of the broker itself', { topic: 'SCHEDULE_TOPIC_XXXX' }, {}, 16],
    ['an unknown topic', {}, {}, 'orders'],
    ['an unknown topic without auto-creation', {}, { config: { autoCreateTopicEnable: false } }, 17],
    ['an unknown topic with a template that is none', { defaultTopic: () => 'nothing' }, {}, 17],
    ['a retry topic nobody knows', { topic: '%RETRY%group' }, {}, '%RETRY%group'],
    ['a queue beyond the last', { queueId: 4 }, { topics: [orders()] }, 29],
    ['a queue that is read from only', { queueId: 5 }, { topics: [orders({ readQueueNums: 8 })] }, 'orders'],
    ['no queue in particular', { queueId: -1 }, { topics: [orders()] }, 'orders'],
    ['a topic that is not writable', {}, { topics: [orders({ perm: 4 })] }, 16],
  ])('%s', async (_, target, situation, expected) => {
    expect(await check(target, situation)).toBe(expected);
  });
});
