import { PermName, replyTopic, TopicName } from '@rocketshop/mq-protocol';
import type { TopicConfig } from '@rocketshop/mq-protocol';

import { createTopicConfig } from './topic-config.js';

const TEMPLATE_PERM = PermName.READ | PermName.WRITE | PermName.INHERIT;

/**
 * The topics a broker has from its start. They also make the first registration hold more than one topic, which name
 * servers of 5.x insist on. Without `templateQueueNums` there is no TBW102: auto-creation is off. Source: TopicConfigManager.init.
 */
export function systemTopicConfigs(
  { brokerClusterName, brokerName }: { brokerClusterName: string; brokerName: string },
  templateQueueNums: number | undefined,
): TopicConfig[] {
  const configs = [
    createTopicConfig(TopicName.SELF_TEST_TOPIC, 1),
    createTopicConfig(TopicName.BENCHMARK_TOPIC, 1024),
    { ...createTopicConfig(brokerClusterName, 16), perm: TEMPLATE_PERM },
    { ...createTopicConfig(brokerName, 1), perm: TEMPLATE_PERM },
    createTopicConfig(TopicName.OFFSET_MOVED_EVENT, 1),
    createTopicConfig(TopicName.SCHEDULE_TOPIC, 18),
    createTopicConfig(replyTopic(brokerClusterName), 1),
  ];
  if (templateQueueNums !== undefined) {
    configs.push({
      ...createTopicConfig(TopicName.AUTO_CREATE_TOPIC_KEY_TOPIC, templateQueueNums),
      perm: TEMPLATE_PERM,
    });
  }
  return configs;
}
