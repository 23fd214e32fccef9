import {
  ConsumerSendMsgBack,
  decodeMessage,
  dlqTopic,
  isOneway,
  isWritable,
  MessageConst,
  PermName,
  propertiesBytesOf,
  RequestRefusedError,
  ResponseCode,
  retryTopic,
  tagsHash,
  TopicName,
} from '@rocketshop/mq-protocol';
import type { MessageExt, SubscriptionGroupConfig } from '@rocketshop/mq-protocol';
import type { MessageDraft } from '../../store/index.js';
import type { AckQueue } from '../acks/ack-queue.js';
import type { BrokerContext, Processor } from '../broker-context.js';
import type { DelayLevels } from '../delay/delay-levels.js';
import { PropertyBytes } from '../send/property-bytes.js';

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
    const returned = lookMessage(context, header.offset);
    const fromHeader = request.version >= VERSION_WITH_MAX_RECONSUME_TIMES ? header.maxReconsumeTimes : undefined;
    const isDead = header.delayLevel < 0 || returned.message.reconsumeTimes >= (fromHeader ?? group.retryMaxTimes);
    const draft = isDead
      ? deadLetter(context, group, returned)
      : retry(context, group, returned, levels, header.delayLevel);
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

/** A message that comes back, and its properties as they are stored. */
interface Returned {
  readonly message: MessageExt;
  readonly properties: PropertyBytes;
}

function lookMessage(context: BrokerContext, offset: number): Returned {
  const record = context.store.reader.lookMessage(offset);
  if (record === undefined) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${offset}`);
  }
  return { message: decodeMessage(record), properties: new PropertyBytes(propertiesBytesOf(record)) };
}

function retry(
  context: BrokerContext,
  group: SubscriptionGroupConfig,
  returned: Returned,
  levels: DelayLevels,
  delayLevel: number,
): MessageDraft {
  const topic = retryTopic(group.groupName);
  requireTopic(context, topic, group.retryQueueNums);
  const { message, properties } = returned;
  const level = levels.clamp(delayLevel === 0 ? FIRST_RETRY_LEVEL + message.reconsumeTimes : delayLevel);
  properties.set(MessageConst.REAL_TOPIC, topic);
  properties.set(MessageConst.REAL_QUEUE_ID, String(Math.floor(Math.random() * group.retryQueueNums)));
  const dueAt = Math.ceil(context.steady.now() + levels.delayMs(level));
  return {
    ...redelivery(context, returned, level),
    topic: TopicName.SCHEDULE_TOPIC,
    queueId: level - 1,
    preparedTransactionOffset: dueAt,
    tagsCode: dueAt,
  };
}

function deadLetter(context: BrokerContext, group: SubscriptionGroupConfig, returned: Returned): MessageDraft {
  const topic = dlqTopic(group.groupName);
  requireTopic(context, topic, 1);
  const tagsCode = tagsHash(returned.properties.get(MessageConst.TAGS));
  return { ...redelivery(context, returned, 0), topic, queueId: 0, tagsCode };
}

function requireTopic(context: BrokerContext, topic: string, queueNums: number): void {
  if (context.topics.createInSendBack(topic, queueNums, PermName.READ | PermName.WRITE, 0) !== undefined) return;
  throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `topic[${topic}] not exist`);
}

/** Properties that a redelivery needs. */
const KEPT: ReadonlySet<string> = new Set(Object.values(MessageConst));

/** The message's first topic and id are added. A redelivered message already has them, and they stay. */
function redelivery(
  context: BrokerContext,
  { message, properties }: Returned,
  delayLevel: number,
): Omit<MessageDraft, 'topic' | 'queueId' | 'tagsCode'> {
  properties.setIfMissing(MessageConst.RETRY_TOPIC, message.topic);
  properties.setIfMissing(MessageConst.ORIGIN_MESSAGE_ID, message.offsetMsgId);
  properties.set(MessageConst.WAIT_STORE_MSG_OK, 'false');
  properties.set(MessageConst.DELAY_TIME_LEVEL, String(delayLevel));
  const removed = properties.shorten(KEPT);
  if (removed.length > 0) {
    const { topic, offsetMsgId } = message;
    context.log('warn', 'properties were removed from a redelivery: it is too long', { topic, offsetMsgId, removed });
  }
  const { flag, sysFlag, bornTimestamp, bornHost, bornPort, body } = message;
  return {
    flag,
    sysFlag,
    bornTimestamp,
    bornHost,
    bornPort,
    body,
    properties: properties.encode(),
    reconsumeTimes: message.reconsumeTimes + 1,
    preparedTransactionOffset: 0,
  };
}
