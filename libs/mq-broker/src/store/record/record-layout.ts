import { crc32 } from 'node:zlib';

/**
 * A record, as it lies in the commit log (RocketMQ: MessageExtEncoder.java, CommitLog.java). Integers are big-endian.
 *
 *     0 i32 totalSize          12 i32 queueId        36 i32 sysFlag          64 i32+i32 storeHost, port
 *     4 i32 magic              16 i32 flag           40 i64 bornTimestamp    72 i32 reconsumeTimes
 *     8 i32 bodyCRC            20 i64 queueOffset    48 i32+i32 bornHost     76 i64 preparedTransactionOffset
 *                              28 i64 physicalOffset 56 i64 storeTimestamp   84 i32 + n body
 *     then: topic length (i8 in V1, i16 in V2) and topic, properties length (i16) and properties
 *
 * On disk the properties end with one more, RocketMQ 5's `__CRC32#` (enabledAppendPropCRC): a CRC-32 of everything before
 * it, 31 bits, ten decimal digits, lowest first. bodyCRC covers the body alone; this one covers the whole record, and
 * because it travels in the record, one write and one sync make both durable. Clients never see it: `copyToWire` leaves
 * it out and sets the two lengths right. On disk a properties length is read as unsigned, since 32,767 bytes from a
 * client and the trailer together are more than a signed i16 holds.
 */

export const MAGIC_V1 = 0xdaa320a7;
export const MAGIC_V2 = 0xdaa320ab;
/** Marks the rest of a file as empty: the next record is the first of the next file. */
export const MAGIC_BLANK = 0xcbd43194;
export const BLANK_BYTES = 8;

export const AT_MAGIC = 4;
export const AT_BODY_CRC = 8;
export const AT_QUEUE_ID = 12;
export const AT_FLAG = 16;
export const AT_QUEUE_OFFSET = 20;
export const AT_PHYSICAL_OFFSET = 28;
export const AT_SYS_FLAG = 36;
export const AT_BORN_TIMESTAMP = 40;
export const AT_BORN_HOST = 48;
export const AT_STORE_TIMESTAMP = 56;
export const AT_STORE_HOST = 64;
export const AT_RECONSUME_TIMES = 72;
export const AT_PREPARED_OFFSET = 76;
export const AT_BODY_LENGTH = 84;
/** Up to the body, with IPv4 hosts. */
export const HEAD_BYTES = 88;

export const PROPERTIES_BYTES_MAX = 32_767;
export const TOPIC_BYTES_MAX = 255;
/** Topics up to this length are written as V1, which every client reads. */
export const TOPIC_BYTES_MAX_V1 = 127;

export const TRAILER_NAME = Buffer.from('__CRC32#\u0001', 'latin1');
const TRAILER_DIGITS = 10;
export const TRAILER_BYTES = TRAILER_NAME.length + TRAILER_DIGITS + 1;
export const NAME_VALUE_SEPARATOR = 1;
export const PROPERTY_SEPARATOR = 2;

/** Head, one byte of topic with its length, two bytes of properties length, trailer. */
export const RECORD_BYTES_MIN = HEAD_BYTES + 2 + 2 + TRAILER_BYTES;
/** What a record may hold above the body: head, longest topic, longest properties, trailer. */
export const RECORD_OVERHEAD_MAX = HEAD_BYTES + 24 + 2 + TOPIC_BYTES_MAX + 2 + PROPERTIES_BYTES_MAX + 1 + TRAILER_BYTES;

const SYS_FLAG_BORN_HOST_V6 = 16;
const SYS_FLAG_STORE_HOST_V6 = 32;
const HOST_V6_EXTRA_BYTES = 12;
const TWO_POW_32 = 4_294_967_296;

export function writeInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / TWO_POW_32));
  view.setUint32(at + 4, value >>> 0);
}

export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_POW_32 + view.getUint32(at + 4);
}

export function viewOf(buffer: Uint8Array): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** What a trailer holds of the bytes before it. A plain Uint8Array is made in half the time of Buffer's `subarray`. */
export function checksumOf(source: Uint8Array, start: number, end: number): number {
  return crc32(new Uint8Array(source.buffer, source.byteOffset + start, end - start)) & 0x7fffffff;
}

export function writeTrailer(target: Buffer, at: number, checksum: number): void {
  target.set(TRAILER_NAME, at);
  let rest = checksum;
  let position = at + TRAILER_NAME.length;
  for (let digit = 0; digit < TRAILER_DIGITS; digit++) {
    target[position++] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  target[position] = PROPERTY_SEPARATOR;
}

/** The checksum kept in a trailer, -1 when there is no whole trailer. */
export function readTrailer(source: Buffer, at: number): number {
  for (let index = 0; index < TRAILER_NAME.length; index++) {
    if (source[at + index] !== TRAILER_NAME[index]) return -1;
  }
  if (source[at + TRAILER_BYTES - 1] !== PROPERTY_SEPARATOR) return -1;
  let checksum = 0;
  for (let index = TRAILER_NAME.length + TRAILER_DIGITS - 1; index >= TRAILER_NAME.length; index--) {
    const digit = (source[at + index] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    checksum = checksum * 10 + digit;
  }
  return checksum;
}

/** Distance from the record's start to its body length, which IPv6 hosts push back. */
export function bodyLengthAt(sysFlag: number): number {
  return (
    AT_BODY_LENGTH +
    ((sysFlag & SYS_FLAG_BORN_HOST_V6) === 0 ? 0 : HOST_V6_EXTRA_BYTES) +
    ((sysFlag & SYS_FLAG_STORE_HOST_V6) === 0 ? 0 : HOST_V6_EXTRA_BYTES)
  );
}

/** Distance from the record's start to its store timestamp. */
export function storeTimestampAt(sysFlag: number): number {
  return AT_STORE_TIMESTAMP + ((sysFlag & SYS_FLAG_BORN_HOST_V6) === 0 ? 0 : HOST_V6_EXTRA_BYTES);
}
