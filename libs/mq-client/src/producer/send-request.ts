import {
  fieldKey,
  ResponseCode,
  SendBatchMessage,
  SendMessageV2,
  toSendMessageHeaderV2,
} from '@rocketshop/mq-protocol';
import type { FrameView, RemotingCommand } from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { MessageQueue, SendResult, SendStatus } from '../message.js';
import type { EncodedMessage } from './encoded-message.js';
import type { ResolvedProducerOptions } from './producer.config.js';
import { isRetriableCode } from './retry-policy.js';

type SenderOptions = Pick<ResolvedProducerOptions, 'producerGroup' | 'createTopicKey' | 'defaultTopicQueueNums'>;

/** The request for one message or one batch. Its header has one-letter names, as that of the Java client. */
export function sendRequest(
  message: EncodedMessage,
  queue: MessageQueue,
  options: SenderOptions,
  oneway: boolean,
): RemotingCommand {
  const header = toSendMessageHeaderV2({
    producerGroup: options.producerGroup,
    topic: message.topic,
    defaultTopic: options.createTopicKey,
    defaultTopicQueueNums: options.defaultTopicQueueNums,
    queueId: queue.queueId,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    flag: message.flag,
    properties: message.properties,
    reconsumeTimes: message.reconsumeTimes,
    unitMode: false,
    maxReconsumeTimes: message.maxReconsumeTimes,
    batch: message.batch,
  });
  const command = message.batch ? SendBatchMessage : SendMessageV2;
  return command.createRequest(header, { body: message.body, oneway });
}

const STATUSES: ReadonlyMap<number, SendStatus> = new Map([
  [ResponseCode.SUCCESS, 'SEND_OK'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
] as const);

const KEYS = {
  msgId: fieldKey('msgId'),
  queueId: fieldKey('queueId'),
  queueOffset: fieldKey('queueOffset'),
  region: fieldKey('MSG_REGION'),
  traceOn: fieldKey('TRACE_ON'),
};

/**
 * Every status that means "stored" is a result. Every other answer is an error. The result keeps no reference to the
 * frame, whose bytes are overwritten later.
 */
export function readSendAnswer(
  answer: FrameView,
  message: EncodedMessage,
  queue: MessageQueue,
  address: string,
): SendResult | BrokerRefusedError {
  const sendStatus = STATUSES.get(answer.code);
  if (sendStatus === undefined) {
    return new BrokerRefusedError(answer.code, answer.remark ?? '', address, isRetriableCode(answer.code));
  }
  const queueId = answer.int(KEYS.queueId, queue.queueId);
  return {
    sendStatus,
    msgId: message.msgId,
    offsetMsgId: answer.string(KEYS.msgId) ?? '',
    messageQueue: queueId === queue.queueId ? queue : { ...queue, queueId },
    queueOffset: answer.long(KEYS.queueOffset, -1),
    regionId: answer.name(KEYS.region) ?? '',
    traceOn: answer.boolean(KEYS.traceOn),
  };
}
