import { DEFAULT_TOPIC_FILTER_TYPE, PermName } from '@rocketshop/mq-protocol';
import type { TopicConfig } from '@rocketshop/mq-protocol';

/** An ordinary topic: readable, writable, as many queues for reading as for writing. */
export function createTopicConfig(topicName: string, queueNums: number): TopicConfig {
  return {
    topicName,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm: PermName.READ | PermName.WRITE,
    topicFilterType: DEFAULT_TOPIC_FILTER_TYPE,
    topicSysFlag: 0,
    order: false,
    attributes: {},
  };
}

export function isSameTopicConfig(left: TopicConfig, right: TopicConfig): boolean {
  return (
    left.topicName === right.topicName &&
    left.readQueueNums === right.readQueueNums &&
    left.writeQueueNums === right.writeQueueNums &&
    left.perm === right.perm &&
    left.topicFilterType === right.topicFilterType &&
    left.topicSysFlag === right.topicSysFlag &&
    left.order === right.order &&
    isSameAttributes(left.attributes, right.attributes)
  );
}

function isSameAttributes(left: Record<string, string>, right: Record<string, string>): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
