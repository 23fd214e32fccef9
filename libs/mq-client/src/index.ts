export { describeThrown, isThrown, messageOf } from '@rocketshop/mq-protocol';
export type { MessageExt, TopicRouteData, ClusterInfo, ConsumeStats, TopicStatsTable } from '@rocketshop/mq-protocol';
export * from './client-error.js';
export type { Logger } from './logger.js';
export type { ClientOptions } from './client.config.js';
export type {
  Message,
  MessageQueue,
  MessageQueueSelector,
  PullStatus,
  SendCallback,
  SendOptions,
  SendResult,
  SendStatus,
} from './message.js';
export { TIME_LIMITS } from './time-limits.js';
export { Producer } from './producer/producer.js';
export type { ProducerOptions } from './producer/producer.config.js';
export { selectQueueByHash } from './producer/queue-selector.js';
export { PushConsumer } from './consumer/push-consumer.js';
export { PullConsumer } from './consumer/pull-consumer.js';
export type { PullResult } from './consumer/pull-result.js';
export type { ConsumeFromWhere, PullConsumerOptions, PushConsumerOptions } from './consumer/consumer.config.js';
export type { ConsumeContext, ConsumeStatus, MessageListener } from './consumer/message-listener.js';
export { AdminClient, type CreateTopicOptions } from './admin/admin-client.js';
