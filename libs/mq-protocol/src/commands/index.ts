export type { BodyCodec } from './body/body-codec.js';
export type { ClientConnection } from './body/connection.js';
export { ConsumeFromWhere, ConsumeType, MessageModel, type ConsumerKind } from './body/consumer-kind.js';
export {
  dataVersionBody,
  isSameDataVersion,
  newDataVersion,
  nextDataVersion,
  type DataVersion,
} from './body/data-version.js';
export * from './body/lists.js';
export { compareMessageQueues, writeMessageQueue, type MessageQueue } from './body/message-queue.js';
export { buildSubscriptionData, isSubscribeAll, isTagType, type SubscriptionData } from './body/subscription-data.js';
export {
  newSubscriptionGroupConfig,
  subscriptionGroupConfigBody,
  subscriptionGroupTableBody,
  type SubscriptionGroupConfig,
  type SubscriptionGroupTable,
} from './body/subscription-group-config.js';
export {
  DEFAULT_TOPIC_FILTER_TYPE,
  topicConfigBody,
  topicConfigTableBody,
  type TopicConfig,
  type TopicConfigTable,
} from './body/topic-config.js';
export * from './broker-config.js';
export * from './broker-consume-stats.js';
export * from './broker-membership.js';
export * from './broker-runtime-info.js';
export * from './broker-statistics.js';
export * from './check-client-config.js';
export * from './command.js';
export * from './connection-lists.js';
export { consumeStatsBody, GetConsumeStats, type ConsumeOffset, type ConsumeStats } from './consume-stats.js';
export * from './consume-time-span.js';
export * from './consumer-list.js';
export * from './consumer-offset.js';
export * from './consumer-running-info.js';
export * from './consumer-send-msg-back.js';
export * from './group-queries.js';
export * from './heartbeat.js';
export * from './kv-config.js';
export * from './lock-batch.js';
export * from './offset-tables.js';
export * from './producer-table.js';
export * from './pull-message.js';
export * from './query-assignment.js';
export * from './queue-offset.js';
export * from './register-broker.js';
export * from './send-message.js';
export * from './subscription-groups.js';
export * from './topic-lists.js';
export * from './topic-route.js';
export * from './topic-stats.js';
export * from './topics.js';
export * from './unregister-client.js';
export * from './view-message.js';
export * from './write-permission.js';
