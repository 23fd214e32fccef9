import {
  ConsumerSendMsgBack,
  decodeMessage,
  dlqTopic,
  encodeProperties,
  isOneway,
  isWritable,
  MessageConst,
  PermName,
  RequestRefusedError,
  ResponseCode,
  retryTopic,
  TopicName,
} from '@rocketshop/mq-protocol';
import type { MessageExt, SubscriptionGroupConfig } from '@rocketshop/mq-protocol';
import type { MessageDraft } from '../../store/index.js';
import type { AckQueue } from '../acks/ack-queue.js';
import type { BrokerContext, Processor } from '../broker-context.js';
import type { DelayLevels } from '../delay/delay-levels.js';

/** Older clients send a maximum of redeliveries that has no meaning. */
const VERSION_WITH_MAX_RECONSUME_TIMES = 121;
/** The first redelivery waits for this level (10 s), and each further redelivery for the next level. */
const FIRST_RETRY_LEVEL = 3;

/**
 * Processes CONSUMER_SEND_MSG_BACK: a consumer failed to process a message. The message is delivered again on `%RETRY%group`,
 * after a delay that grows with each redelivery, or it ends in `%DLQ%group` (RocketMQ
 * `AbstractSendMessageProcessor.consumerSendMsgBack`).
 */
export function sendBackProcessor(context: BrokerContext, acks: AckQueue, levels: DelayLevels): Processor {
  return (request, peer) => {
    const header = ConsumerSendMsgBack.readRequest(request);
    const group = requireGroup(context, header.group);
    if (group.retryQueueNums <= 0) return ConsumerSendMsgBack.createResponse(request, {});
    const message = lookMessage(context, header.offset);
    const fromHeader = request.version >= VERSION_WITH_MAX_RECONSUME_TIMES ? header.maxReconsumeTimes : undefined;
    const isDead = header.delayLevel < 0 || message.reconsumeTimes >= (fromHeader ?? group.retryMaxTimes);
    const draft = isDead
      ? deadLetter(context, group, message)
      : retry(context, group, message, levels, header.delayLevel);
    if (context.store.append(draft) !== 'PUT_OK') {
      throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, 'the message could not be stored again');
    }
    if (isOneway(request)) return undefined;
    const { topics } = context;
    const response = ConsumerSendMsgBack.createResponse(request, {});
    if (topics.isSaved(isDead ? dlqTopic(header.group) : retryTopic(header.group))) acks.answerWith(peer, response);
    else acks.answerWhenSaved(peer, response, topics.saved());
    return undefined;
  };
}

function requireGroup(context: BrokerContext, name: string): SubscriptionGroupConfig {
  const group = context.groups.findOrCreate(name);
  if (group === undefined) {
    throw new RequestRefusedError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `subscription group not exist, ${name}`);
  }
  if (!isWritable(context.config.brokerPermission)) {
    throw new RequestRefusedError(
      ResponseCode.NO_PERMISSION,
      `the broker[${context.config.brokerIP1}] sending message is forbidden`,
    );
  }
  return group;
}

function lookMessage(context: BrokerContext, offset: number): MessageExt {
  const record = context.store.reader.lookMessage(offset);
  if (record === undefined) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${offset}`);
  }
  return decodeMessage(record);
}

function retry(
  context: BrokerContext,
  group: SubscriptionGroupConfig,
  message: MessageExt,
  levels: DelayLevels,
  delayLevel: number,
): MessageDraft {
  const topic = retryTopic(group.groupName);
  requireTopic(context, topic, group.retryQueueNums);
  const level = levels.clamp(delayLevel === 0 ? FIRST_RETRY_LEVEL + message.reconsumeTimes : delayLevel);
  const properties = {
    ...withOrigin(message),
    [MessageConst.DELAY_TIME_LEVEL]: String(level),
    [MessageConst.REAL_TOPIC]: topic,
    [MessageConst.REAL_QUEUE_ID]: String(Math.floor(Math.random() * group.retryQueueNums)),
  };
  const dueAt = Math.ceil(context.clock.now() + levels.delayMs(level));
  return { ...redelivery(message, properties), topic: TopicName.SCHEDULE_TOPIC, queueId: level - 1, tagsCode: dueAt };
}

function deadLetter(context: BrokerContext, group: SubscriptionGroupConfig, message: MessageExt): MessageDraft {
  const topic = dlqTopic(group.groupName);
  requireTopic(context, topic, 1);
  const properties = withOrigin(message);
  properties[MessageConst.DLQ_ORIGIN_TOPIC] = properties[MessageConst.RETRY_TOPIC] ?? message.topic;
  properties[MessageConst.DLQ_ORIGIN_MESSAGE_ID] = properties[MessageConst.ORIGIN_MESSAGE_ID] ?? message.offsetMsgId;
  return { ...redelivery(message, properties), topic, queueId: 0, tagsCode: 0 };
}

function requireTopic(context: BrokerContext, topic: string, queueNums: number): void {
  if (context.topics.createInSendBack(topic, queueNums, PermName.READ | PermName.WRITE, 0) !== undefined) return;
  throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `topic[${topic}] not exist`);
}

/** Adds the message's first topic and id. A redelivered message already has them, and they stay. */
function withOrigin(message: MessageExt): Record<string, string> {
  const properties: Record<string, string> = {
    [MessageConst.RETRY_TOPIC]: message.topic,
    [MessageConst.ORIGIN_MESSAGE_ID]: message.offsetMsgId,
    ...message.properties,
  };
  delete properties[MessageConst.DELAY_TIME_LEVEL];
  return properties;
}

function redelivery(
  message: MessageExt,
  properties: Record<string, string>,
): Omit<MessageDraft, 'topic' | 'queueId' | 'tagsCode'> {
  return {
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: message.bornHost,
    bornPort: message.bornPort,
    body: message.body,
    properties: encodeProperties(properties),
    reconsumeTimes: message.reconsumeTimes + 1,
    preparedTransactionOffset: message.preparedTransactionOffset,
  };
}
