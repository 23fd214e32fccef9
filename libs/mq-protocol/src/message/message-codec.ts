import { CompressionError, MessageFormatError } from '../errors.js';
import { MessageConst } from '../tables/message-const.js';
import { MessageSysFlag } from '../tables/sys-flag.js';
import { decompress, isCompressed } from './compression.js';
import { bodyCrc32 } from './crc32.js';
import { decodeHost, encodeHost } from './host.js';
import type { MessageExt, MessageRecord } from './message-ext.js';
import { encodeOffsetMsgId } from './message-id.js';
import {
  IPV6_EXTRA_BYTES,
  MESSAGE_MAGIC_V1,
  MESSAGE_MAGIC_V2,
  PROPERTIES_BYTES_MAX,
  RECORD_OVERHEAD_BYTES,
  TOPIC_BYTES_V1_MAX,
} from './message-layout.js';
import { decodeProperties, encodeProperties } from './properties.js';

/** Encodes one record (grammar: message-layout.ts); V2 only where the topic needs it. Throws MessageFormatError. */
export function encodeMessage(message: MessageRecord): Buffer {
  const properties = Buffer.isBuffer(message.properties) ? message.properties : encodeProperties(message.properties);
  if (properties.length > PROPERTIES_BYTES_MAX) throw new MessageFormatError('the properties are over 32767 bytes');
  const topic = Buffer.from(message.topic);
  if (topic.length > 0x7fff) throw new MessageFormatError('the topic is over 32767 bytes');
  const bornHost = encodeHost(message.bornHost);
  const storeHost = encodeHost(message.storeHost);
  const isV2 = topic.length > TOPIC_BYTES_V1_MAX;
  const hostExtra = bornHost.length + storeHost.length - 8;
  const size =
    RECORD_OVERHEAD_BYTES + hostExtra + (isV2 ? 1 : 0) + message.body.length + topic.length + properties.length;
  const record = Buffer.allocUnsafe(size);
  let at = writeFixedPart(record, message, bornHost, storeHost, isV2);
  at = record.writeInt32BE(message.body.length, at);
  at += message.body.copy(record, at);
  at = isV2 ? record.writeInt16BE(topic.length, at) : record.writeUInt8(topic.length, at);
  at += topic.copy(record, at);
  at = record.writeInt16BE(properties.length, at);
  properties.copy(record, at);
  return record;
}

function writeFixedPart(record: Buffer, message: MessageRecord, born: Buffer, store: Buffer, isV2: boolean): number {
  const hostFlags =
    (born.length === 16 ? MessageSysFlag.BORN_HOST_V6 : 0) | (store.length === 16 ? MessageSysFlag.STORE_HOST_V6 : 0);
  const sysFlag = (message.sysFlag & ~(MessageSysFlag.BORN_HOST_V6 | MessageSysFlag.STORE_HOST_V6)) | hostFlags;
  record.writeInt32BE(record.length, 0);
  record.writeInt32BE(isV2 ? MESSAGE_MAGIC_V2 : MESSAGE_MAGIC_V1, 4);
  record.writeInt32BE(bodyCrc32(message.body), 8);
  record.writeInt32BE(message.queueId, 12);
  record.writeInt32BE(message.flag, 16);
  record.writeBigInt64BE(BigInt(message.queueOffset), 20);
  record.writeBigInt64BE(BigInt(message.commitLogOffset), 28);
  record.writeInt32BE(sysFlag, 36);
  let at = record.writeBigInt64BE(BigInt(message.bornTimestamp), 40);
  at += born.copy(record, at);
  at = record.writeInt32BE(message.bornPort, at);
  at = record.writeBigInt64BE(BigInt(message.storeTimestamp), at);
  at += store.copy(record, at);
  at = record.writeInt32BE(message.storePort, at);
  at = record.writeInt32BE(message.reconsumeTimes, at);
  return record.writeBigInt64BE(BigInt(message.preparedTransactionOffset), at);
}

export interface DecodeMessageOptions {
  /** Inflate compressed bodies and clear the flag, as a consumer does. @default false: the body as stored */
  inflate?: boolean;
  /** Largest inflated body. @default MESSAGE_BODY_BYTES_CEILING */
  bodyBytesMax?: number;
  /** Compare the stored CRC with the body. @default false */
  checkCrc?: boolean;
}

/**
 * Decodes the record at `offset`. The body points into `buffer` unless it was inflated.
 * Throws MessageFormatError when the bytes are no record, CompressionError when the body cannot be inflated.
 */
export function decodeMessage(buffer: Buffer, offset = 0, options: DecodeMessageOptions = {}): MessageExt {
  const record = wholeRecord(buffer, offset);
  const sysFlag = record.readInt32BE(36);
  const bornEnd = 52 + ((sysFlag & MessageSysFlag.BORN_HOST_V6) === 0 ? 0 : IPV6_EXTRA_BYTES);
  const storeStart = bornEnd + 12;
  const storeEnd = storeStart + ((sysFlag & MessageSysFlag.STORE_HOST_V6) === 0 ? 4 : 16);
  const tail = readTail(record, storeEnd + 16);
  const storeHost = decodeHost(record.subarray(storeStart, storeEnd));
  const storePort = record.readInt32BE(storeEnd);
  const commitLogOffset = readLong(record, 28);
  const offsetMsgId = encodeOffsetMsgId(storeHost, storePort, commitLogOffset);
  const message: MessageExt = {
    topic: tail.topic,
    body: tail.body,
    flag: record.readInt32BE(16),
    properties: tail.properties,
    queueId: record.readInt32BE(12),
    queueOffset: readLong(record, 20),
    commitLogOffset,
    storeSize: record.length,
    bodyCrc: record.readInt32BE(8),
    sysFlag,
    bornTimestamp: readLong(record, 40),
    bornHost: decodeHost(record.subarray(48, bornEnd)),
    bornPort: record.readInt32BE(bornEnd),
    storeTimestamp: readLong(record, bornEnd + 4),
    storeHost,
    storePort,
    reconsumeTimes: record.readInt32BE(storeEnd + 4),
    preparedTransactionOffset: readLong(record, storeEnd + 8),
    msgId: tail.properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] ?? offsetMsgId,
    offsetMsgId,
  };
  return finishBody(message, options);
}

/** Decodes records that stand one after the other, as in a pull answer. Throws as `decodeMessage`. */
export function decodeMessages(buffer: Buffer, options: DecodeMessageOptions = {}): MessageExt[] {
  const messages: MessageExt[] = [];
  let offset = 0;
  while (offset < buffer.length) {
    const message = decodeMessage(buffer, offset, options);
    messages.push(message);
    offset += message.storeSize;
  }
  return messages;
}

/** The bytes of the record at `offset`, its size and magic checked. */
function wholeRecord(buffer: Buffer, offset: number): Buffer {
  const available = buffer.length - offset;
  if (available < RECORD_OVERHEAD_BYTES) throw new MessageFormatError('a record is shorter than its fixed part');
  const size = buffer.readInt32BE(offset);
  if (size < RECORD_OVERHEAD_BYTES || size > available) throw new MessageFormatError(`a record has ${size} bytes`);
  const magic = buffer.readInt32BE(offset + 4);
  if (magic !== MESSAGE_MAGIC_V1 && magic !== MESSAGE_MAGIC_V2) {
    throw new MessageFormatError(`a record has the magic ${(magic >>> 0).toString(16)}`);
  }
  return buffer.subarray(offset, offset + size);
}

/**
 * The properties of the record at `offset` as they are stored, for whoever moves them to another record: as text, bytes that are no
 * UTF-8 would change. Throws MessageFormatError when the bytes are no record.
 */
export function propertiesBytesOf(buffer: Buffer, offset = 0): Buffer {
  const record = wholeRecord(buffer, offset);
  const sysFlag = record.readInt32BE(36);
  const bornExtra = (sysFlag & MessageSysFlag.BORN_HOST_V6) === 0 ? 0 : IPV6_EXTRA_BYTES;
  const storeExtra = (sysFlag & MessageSysFlag.STORE_HOST_V6) === 0 ? 0 : IPV6_EXTRA_BYTES;
  return record.subarray(readTail(record, 84 + bornExtra + storeExtra).propertiesStart);
}

interface RecordTail {
  body: Buffer;
  topic: string;
  properties: Record<string, string>;
  propertiesStart: number;
}

function readTail(record: Buffer, start: number): RecordTail {
  const isV2 = record.readInt32BE(4) === MESSAGE_MAGIC_V2;
  // What must still follow each part, so that every read below stays inside the record.
  const topicLengthBytes = isV2 ? 2 : 1;
  if (start + 4 + topicLengthBytes + 2 > record.length) throw torn();
  const bodyStart = start + 4;
  const bodyBytes = record.readInt32BE(start);
  if (bodyBytes < 0 || bodyStart + bodyBytes + topicLengthBytes + 2 > record.length) throw torn();
  const topicLengthAt = bodyStart + bodyBytes;
  const topicStart = topicLengthAt + topicLengthBytes;
  const topicBytes = isV2 ? record.readInt16BE(topicLengthAt) : record.readInt8(topicLengthAt);
  const propertiesLengthAt = topicStart + topicBytes;
  if (topicBytes < 0 || propertiesLengthAt + 2 > record.length) throw torn();
  const propertiesStart = propertiesLengthAt + 2;
  const propertiesEnd = propertiesStart + record.readInt16BE(propertiesLengthAt);
  if (propertiesEnd < propertiesStart || propertiesEnd !== record.length) throw torn();
  return {
    body: record.subarray(bodyStart, topicLengthAt),
    topic: record.toString('utf8', topicStart, propertiesLengthAt),
    properties: decodeProperties(record, propertiesStart, propertiesEnd),
    propertiesStart,
  };
}

function torn(): MessageFormatError {
  return new MessageFormatError('the parts of a record are longer than the record');
}

function readLong(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x100000000 + buffer.readUInt32BE(at + 4);
}

function finishBody(message: MessageExt, options: DecodeMessageOptions): MessageExt {
  if (options.checkCrc === true && bodyCrc32(message.body) !== message.bodyCrc) {
    throw new MessageFormatError(`the body of ${message.msgId} does not match its CRC`);
  }
  if (options.inflate === true && isCompressed(message.sysFlag)) {
    message.body = inflateBody(message, options.bodyBytesMax);
    message.sysFlag &= ~MessageSysFlag.COMPRESSED;
  }
  return message;
}

function inflateBody(message: MessageExt, bodyBytesMax: number | undefined): Buffer {
  try {
    return decompress(message.body, message.sysFlag, bodyBytesMax);
  } catch (error) {
    throw new CompressionError(`message ${message.msgId} of ${message.topic} cannot be inflated`, error);
  }
}
