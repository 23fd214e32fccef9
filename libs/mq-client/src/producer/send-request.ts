import {
  fieldKey,
  ResponseCode,
  SendBatchMessage,
  SendMessageV2,
  toSendMessageHeaderV2,
  type FrameView,
  type RemotingCommand,
} from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { MessageQueue, SendResult, SendStatus } from '../message.js';
import type { EncodedMessage } from './encoded-message.js';
import { isRetriableCode } from './retry-policy.js';

export interface SendIdentity {
  producerGroup: string;
  createTopicKey: string;
  defaultTopicQueueNums: number;
}

/** The request of one message or of one batch; the header has one-letter names, as the Java client sends it. */
export function sendRequest(
  message: EncodedMessage,
  queue: MessageQueue,
  identity: SendIdentity,
  oneway: boolean,
): RemotingCommand {
  const header = toSendMessageHeaderV2({
    producerGroup: identity.producerGroup,
    topic: message.topic,
    defaultTopic: identity.createTopicKey,
    defaultTopicQueueNums: identity.defaultTopicQueueNums,
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

/** Every stored outcome is a result with its status; every other answer an error. Nothing points into the frame after. */
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
