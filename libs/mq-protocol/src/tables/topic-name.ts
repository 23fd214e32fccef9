/** Reserved names and name rules. Source: common/topic/TopicValidator.java, common/MixAll.java. */
export const TopicName = {
  AUTO_CREATE_TOPIC_KEY_TOPIC: 'TBW102',
  SCHEDULE_TOPIC: 'SCHEDULE_TOPIC_XXXX',
  BENCHMARK_TOPIC: 'BenchmarkTest',
  TRANS_HALF_TOPIC: 'RMQ_SYS_TRANS_HALF_TOPIC',
  TRANS_OP_HALF_TOPIC: 'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  TRANS_CHECK_MAX_TIME_TOPIC: 'TRANS_CHECK_MAX_TIME_TOPIC',
  SELF_TEST_TOPIC: 'SELF_TEST_TOPIC',
  OFFSET_MOVED_EVENT: 'OFFSET_MOVED_EVENT',
  TRACE_TOPIC: 'RMQ_SYS_TRACE_TOPIC',
  CHECKPOINT_TOPIC: 'CHECKPOINT_TOPIC',
} as const;

export const GroupName = {
  DEFAULT_PRODUCER: 'DEFAULT_PRODUCER',
  DEFAULT_CONSUMER: 'DEFAULT_CONSUMER',
  CLIENT_INNER_PRODUCER: 'CLIENT_INNER_PRODUCER',
  TOOLS_CONSUMER: 'TOOLS_CONSUMER',
  FILTERSRV_CONSUMER: 'FILTERSRV_CONSUMER',
  SELF_TEST_CONSUMER: 'SELF_TEST_C_GROUP',
  ONS_HTTP_PROXY: 'CID_ONS-HTTP-PROXY',
  ONSAPI_PULL: 'CID_ONSAPI_PULL',
  ONSAPI_PERMISSION: 'CID_ONSAPI_PERMISSION',
  ONSAPI_OWNER: 'CID_ONSAPI_OWNER',
  SYS_TRANS: 'CID_RMQ_SYS_TRANS',
} as const;

export const RETRY_TOPIC_PREFIX = '%RETRY%';
const DLQ_TOPIC_PREFIX = '%DLQ%';
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_';
const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_';

/** A topic becomes a folder's name on disk: the character rule below is also the defence against path traversal. */
const namePattern = /^[%|a-zA-Z0-9_-]+$/;
const TOPIC_CHARACTERS_MAX = 127;
/** Retry and dead-letter topics carry a group of up to 120 characters behind their prefix. */
const RETRY_TOPIC_CHARACTERS_MAX = 255;
const GROUP_CHARACTERS_MAX = 120;

/** Topics of the system itself, whatever the cluster is called. */
const SYSTEM_TOPICS: ReadonlySet<string> = new Set(Object.values(TopicName));

/** Topics no client may send to. */
export const TOPICS_NOT_TO_SEND: ReadonlySet<string> = new Set([
  TopicName.SCHEDULE_TOPIC,
  TopicName.TRANS_HALF_TOPIC,
  TopicName.TRANS_OP_HALF_TOPIC,
  TopicName.TRANS_CHECK_MAX_TIME_TOPIC,
  TopicName.SELF_TEST_TOPIC,
  TopicName.OFFSET_MOVED_EVENT,
]);

const systemGroups: ReadonlySet<string> = new Set([
  GroupName.TOOLS_CONSUMER,
  GroupName.FILTERSRV_CONSUMER,
  GroupName.SELF_TEST_CONSUMER,
  GroupName.ONS_HTTP_PROXY,
  GroupName.ONSAPI_PULL,
  GroupName.ONSAPI_PERMISSION,
  GroupName.ONSAPI_OWNER,
]);

export function retryTopic(group: string): string {
  return RETRY_TOPIC_PREFIX + group;
}

export function dlqTopic(group: string): string {
  return DLQ_TOPIC_PREFIX + group;
}

/** `<cluster>_REPLY_TOPIC`, where answers of the request/reply pattern are stored. */
export function replyTopic(cluster: string): string {
  return `${cluster}_REPLY_TOPIC`;
}

export function isRetryTopic(topic: string): boolean {
  return topic.startsWith(RETRY_TOPIC_PREFIX);
}

export function isDlqTopic(topic: string): boolean {
  return topic.startsWith(DLQ_TOPIC_PREFIX);
}

export function isSystemTopic(topic: string): boolean {
  return SYSTEM_TOPICS.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX);
}

export function isSystemGroup(group: string): boolean {
  return systemGroups.has(group) || group.startsWith(SYSTEM_GROUP_PREFIX);
}

export function isValidTopicName(topic: string): boolean {
  const max = isRetryTopic(topic) || isDlqTopic(topic) ? RETRY_TOPIC_CHARACTERS_MAX : TOPIC_CHARACTERS_MAX;
  return topic.length <= max && namePattern.test(topic);
}

export function isValidGroupName(group: string): boolean {
  return group.length <= GROUP_CHARACTERS_MAX && namePattern.test(group);
}
