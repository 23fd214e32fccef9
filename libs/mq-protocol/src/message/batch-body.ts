import { MessageFormatError } from '../errors.js';
import { decodeProperties, encodeProperties } from './properties.js';

/**
 * batch = item*
 * item  = i32 size (of all of it)  i32 magic (0)  i32 crc (0)  i32 flag  i32 length, body  i16 length, properties
 *
 * Source: common/message/MessageDecoder.java (encodeMessage, decodeMessages), common/message/MessageBatch.java.
 */
const ITEM_OVERHEAD_BYTES = 22;
/** A batch is at most one message's worth of bytes, so more items than this cannot be meant well. */
const BATCH_ITEMS_MAX = 65_536;

export interface BatchItem {
  flag: number;
  body: Buffer;
  properties: Record<string, string>;
}

/** One message inside a batch, in place: offsets into the batch's buffer. */
export interface BatchItemView {
  flag: number;
  bodyStart: number;
  bodyEnd: number;
  propertiesStart: number;
  propertiesEnd: number;
}

export function encodeBatchBody(items: readonly BatchItem[]): Buffer {
  return Buffer.concat(items.map(encodeItem));
}

function encodeItem(item: BatchItem): Buffer {
  const properties = encodeProperties(item.properties);
  if (properties.length > 0x7fff) throw new MessageFormatError('the properties are over 32767 bytes');
  const bytes = Buffer.alloc(ITEM_OVERHEAD_BYTES + item.body.length + properties.length);
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(item.flag, 12);
  bytes.writeInt32BE(item.body.length, 16);
  item.body.copy(bytes, 20);
  bytes.writeInt16BE(properties.length, 20 + item.body.length);
  properties.copy(bytes, ITEM_OVERHEAD_BYTES + item.body.length);
  return bytes;
}

/** The items of `buffer[start, end)` in place. Throws MessageFormatError when their lengths do not fit together. */
export function scanBatchBody(buffer: Buffer, start = 0, end: number = buffer.length): BatchItemView[] {
  const items: BatchItemView[] = [];
  let at = start;
  while (at < end) {
    if (end - at < ITEM_OVERHEAD_BYTES) throw torn();
    const itemEnd = at + buffer.readInt32BE(at);
    if (itemEnd < at + ITEM_OVERHEAD_BYTES || itemEnd > end) throw torn();
    const bodyStart = at + 20;
    const bodyEnd = bodyStart + buffer.readInt32BE(at + 16);
    if (bodyEnd < bodyStart || bodyEnd + 2 > itemEnd) throw torn();
    const propertiesStart = bodyEnd + 2;
    const propertiesEnd = propertiesStart + buffer.readInt16BE(bodyEnd);
    if (propertiesEnd !== itemEnd) throw torn();
    if (items.length === BATCH_ITEMS_MAX) throw new MessageFormatError('a batch has too many messages');
    items.push({ flag: buffer.readInt32BE(at + 12), bodyStart, bodyEnd, propertiesStart, propertiesEnd });
    at = itemEnd;
  }
  return items;
}

/** As `scanBatchBody`, with properties decoded. Bodies point into `buffer`. */
export function decodeBatchBody(buffer: Buffer): BatchItem[] {
  return scanBatchBody(buffer).map((item) => ({
    flag: item.flag,
    body: buffer.subarray(item.bodyStart, item.bodyEnd),
    properties: decodeProperties(buffer, item.propertiesStart, item.propertiesEnd),
  }));
}

function torn(): MessageFormatError {
  return new MessageFormatError('the lengths inside a batch do not fit together');
}
