import { createRequest, fieldKey, ResponseCode, type FrameView, type RemotingCommand } from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { MessageQueue, SendResult, SendStatus } from '../message.js';
import type { EncodedMessage } from './encoded-message.js';
import { isRetriableCode } from './retry-policy.js';

export interface SendIdentity {
  producerGroup: string;
  createTopicKey: string;
  defaultTopicQueueNums: number;
}

/** SEND_MESSAGE_V2 (310) and SEND_BATCH_MESSAGE (320): the header has one-letter names (SendMessageRequestHeaderV2.java). */
export function sendRequest(
  message: EncodedMessage,
  queue: MessageQueue,
  identity: SendIdentity,
  oneway: boolean,
): RemotingCommand {
  const extFields: Record<string, string> = {
    a: identity.producerGroup,
    b: message.topic,
    c: identity.createTopicKey,
    d: String(identity.defaultTopicQueueNums),
    e: String(queue.queueId),
    f: String(message.sysFlag),
    g: String(message.bornTimestamp),
    h: String(message.flag),
    i: message.properties,
    j: String(message.reconsumeTimes),
    k: 'false',
    m: message.batch ? 'true' : 'false',
  };
  if (message.maxReconsumeTimes !== undefined) extFields['l'] = String(message.maxReconsumeTimes);
  return createRequest(message.requestCode, { extFields, body: message.body, oneway });
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
