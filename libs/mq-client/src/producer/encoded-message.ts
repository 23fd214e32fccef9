import {
  compressIfShorter,
  createUniqId,
  encodeBatchBody,
  isReservedProperty,
  isRetryTopic,
  isValidTopicName,
  KEY_SEPARATOR,
  MessageConst,
  messageOf,
  MessageSysFlag,
  PROPERTIES_BYTES_MAX,
  propertiesToString,
  TOPICS_NOT_TO_SEND,
} from '@rocketshop/mq-protocol';
import type { SendMessageHeader } from '@rocketshop/mq-protocol';
import { InvalidMessageError } from '../client-error.js';
import type { Message } from '../message.js';
import type { ResolvedProducerOptions } from './producer.config.js';

export const DELAY_TIME_LEVEL_MAX = 18;

/** The fields of the send header that depend on neither the queue nor the producer. */
type HeaderOfMessage = Pick<
  SendMessageHeader,
  'topic' | 'flag' | 'sysFlag' | 'batch' | 'bornTimestamp' | 'reconsumeTimes' | 'maxReconsumeTimes'
>;

/** A message as it is sent: encoded once for all attempts. */
export interface EncodedMessage extends Readonly<HeaderOfMessage> {
  /** In the wire form: name 0x01 value 0x02. */
  readonly properties: string;
  readonly body: Buffer;
  readonly msgId: string;
}

type EncodingOptions = Pick<ResolvedProducerOptions, 'maxMessageSize' | 'compressMsgBodyOverHowmuch' | 'compressLevel'>;

/** @throws InvalidMessageError that names the broken rule */
export function encodeMessage(message: Message, options: EncodingOptions): EncodedMessage {
  checkTopic(message.topic);
  checkBody(message.body, options.maxMessageSize);
  const msgId = createUniqId();
  const { body, isCompressed } =
    message.body.length >= options.compressMsgBodyOverHowmuch
      ? compressIfShorter(message.body, options.compressLevel)
      : { body: message.body, isCompressed: false };
  return {
    topic: message.topic,
    body,
    flag: message.flag ?? 0,
    sysFlag: isCompressed ? MessageSysFlag.COMPRESSED : 0,
    properties: encodePropertiesText(messageProperties(message, msgId)),
    batch: false,
    bornTimestamp: Date.now(),
    msgId,
    reconsumeTimes: 0,
    maxReconsumeTimes: undefined,
  };
}

/** One request for many messages of one topic. The broker stores all of them in one queue, or none. */
export function encodeBatch(messages: readonly Message[], options: EncodingOptions): EncodedMessage {
  const first = messages[0];
  if (first === undefined) throw new InvalidMessageError('a batch needs at least one message');
  checkTopic(first.topic);
  if (isRetryTopic(first.topic)) throw new InvalidMessageError('a batch cannot go to a retry topic');
  const waitStoreMsgOK = first.waitStoreMsgOK ?? true;
  const msgIds: string[] = [];
  const items = messages.map((message) => {
    if (message.topic !== first.topic) throw new InvalidMessageError('all messages of a batch must have one topic');
    if ((message.waitStoreMsgOK ?? true) !== waitStoreMsgOK) {
      throw new InvalidMessageError('all messages of a batch must have one waitStoreMsgOK');
    }
    if ((message.delayTimeLevel ?? 0) !== 0) throw new InvalidMessageError('a message of a batch cannot be delayed');
    checkBody(message.body, options.maxMessageSize);
    const msgId = createUniqId();
    msgIds.push(msgId);
    return { flag: message.flag ?? 0, body: message.body, properties: messageProperties(message, msgId) };
  });
  const body = encodeBatchBody(items);
  if (body.length > options.maxMessageSize) {
    throw new InvalidMessageError(
      `the batch has ${body.length} bytes, more than maxMessageSize ${options.maxMessageSize}`,
    );
  }
  return {
    topic: first.topic,
    body,
    flag: 0,
    sysFlag: 0,
    properties: encodePropertiesText({ [MessageConst.WAIT_STORE_MSG_OK]: String(waitStoreMsgOK) }),
    batch: true,
    bornTimestamp: Date.now(),
    msgId: msgIds.join(','),
    reconsumeTimes: 0,
    maxReconsumeTimes: undefined,
  };
}

function checkTopic(topic: string): void {
  if (typeof topic !== 'string' || !isValidTopicName(topic)) {
    throw new InvalidMessageError(`the topic ${JSON.stringify(topic)} is not a valid topic name`);
  }
  if (TOPICS_NOT_TO_SEND.has(topic)) throw new InvalidMessageError(`the topic ${topic} belongs to the broker`);
}

function checkBody(body: Buffer, bytesMax: number): void {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new InvalidMessageError('the body must be a non-empty Buffer');
  if (body.length > bytesMax) {
    throw new InvalidMessageError(`the body has ${body.length} bytes, more than maxMessageSize ${bytesMax}`);
  }
}

function messageProperties(message: Message, msgId: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.properties ?? {})) {
    if (isReservedProperty(name)) throw new InvalidMessageError(`the property name ${name} belongs to RocketMQ`);
    if (name.trim() === '' || typeof value !== 'string' || value.trim() === '') {
      throw new InvalidMessageError(`the property ${JSON.stringify(name)} must have a name and a value`);
    }
    properties[name] = value;
  }
  const { tags, keys, delayTimeLevel = 0 } = message;
  if (keys !== undefined) properties[MessageConst.KEYS] = typeof keys === 'string' ? keys : keys.join(KEY_SEPARATOR);
  if (tags !== undefined) properties[MessageConst.TAGS] = tags;
  if (delayTimeLevel !== 0) properties[MessageConst.DELAY_TIME_LEVEL] = String(checkedLevel(delayTimeLevel));
  properties[MessageConst.WAIT_STORE_MSG_OK] = String(message.waitStoreMsgOK ?? true);
  properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] = msgId;
  return properties;
}

export function encodePropertiesText(properties: Record<string, string>): string {
  let text;
  try {
    text = propertiesToString(properties);
  } catch (error) {
    throw new InvalidMessageError(messageOf(error), error);
  }
  // A UTF-16 unit has at most three bytes in UTF-8, so the bytes of a short text need not be counted.
  if (text.length * 3 > PROPERTIES_BYTES_MAX && Buffer.byteLength(text) > PROPERTIES_BYTES_MAX) {
    throw new InvalidMessageError(`the properties have more than ${PROPERTIES_BYTES_MAX} bytes`);
  }
  return text;
}

function checkedLevel(level: number): number {
  if (!Number.isInteger(level) || level < 0 || level > DELAY_TIME_LEVEL_MAX) {
    throw new InvalidMessageError(
      `delayTimeLevel must be a whole number from 0 to ${DELAY_TIME_LEVEL_MAX}, got ${level}`,
    );
  }
  return level;
}
