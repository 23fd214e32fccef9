import {
  isRetryTopic,
  isValidTopicName,
  isWritable,
  PermName,
  RequestRefusedError,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { TopicConfig } from '@rocketshop/mq-protocol';
import type { BrokerContext } from '../broker-context.js';

/** The fields of a send request that the checks read. */
export interface SendTarget {
  readonly topic: string;
  readonly queueId: number;
  /** Read only when the topic has to be created. */
  defaultTopic(): string;
  defaultTopicQueueNums(): number;
}

type CheckContext = Pick<BrokerContext, 'config' | 'topics' | 'address' | 'draining'>;

/**
 * Checks a send request before its message is read, in RocketMQ's order (`AbstractSendMessageProcessor.msgCheck`) and with
 * the codes of 5.x. Returns the topic, which this call may have created.
 * @throws RequestRefusedError 14 shutting down, 16 not allowed, 17 no such topic, 29 illegal name or queue
 */
export function checkSend(context: CheckContext, target: SendTarget): TopicConfig {
  const { topic } = target;
  if (context.draining)
    refuse(ResponseCode.SERVICE_NOT_AVAILABLE, 'service not available now: the broker is shutting down');
  const known = context.topics.get(topic);
  const brokerIsWritable = isWritable(context.config.brokerPermission);
  if (!brokerIsWritable && known?.order === true) {
    refuse(ResponseCode.NO_PERMISSION, `the broker[${context.config.brokerIP1}] sending message is forbidden`);
  }
  if (known === undefined && !isValidTopicName(topic)) {
    refuse(ResponseCode.INVALID_PARAMETER, 'The specified topic contains illegal characters, is empty or is too long');
  }
  if (context.topics.isForbiddenToSend(topic)) {
    refuse(ResponseCode.NO_PERMISSION, `Sending message to topic[${topic}] is forbidden.`);
  }
  const config = known ?? createTopic(context, target);
  if (config === undefined) {
    return refuse(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist, apply first please!`);
  }
  if (target.queueId >= Math.max(config.writeQueueNums, config.readQueueNums)) {
    refuse(
      ResponseCode.INVALID_PARAMETER,
      `request queueId[${target.queueId}] is illegal, topic[${topic}] has ${config.writeQueueNums} write queues`,
    );
  }
  if (!isWritable(config.perm) || config.writeQueueNums <= 0) {
    refuse(ResponseCode.NO_PERMISSION, `the topic[${topic}] sending message is forbidden`);
  }
  if (!brokerIsWritable) {
    refuse(ResponseCode.SERVICE_NOT_AVAILABLE, `the broker[${context.config.brokerIP1}] is not writable`);
  }
  return config;
}

function createTopic(context: CheckContext, target: SendTarget): TopicConfig | undefined {
  const { topic } = target;
  if (isRetryTopic(topic)) return context.topics.createInSendBack(topic, 1, PermName.READ | PermName.WRITE, 0);
  return context.topics.createInSend(topic, target.defaultTopic(), target.defaultTopicQueueNums(), 0);
}

export function refuse(code: number, remark: string): never {
  throw new RequestRefusedError(code, remark);
}
