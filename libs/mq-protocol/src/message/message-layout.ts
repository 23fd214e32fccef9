/**
 * record = totalSize magic bodyCrc queueId flag queueOffset physicalOffset sysFlag bornTimestamp bornHost
 *          storeTimestamp storeHost reconsumeTimes preparedTransactionOffset body topic properties
 *
 * The same bytes are in the commit log, in a pull answer (records one after the other) and in a looked-up message.
 * With IPv4 hosts every field in front of the body has a fixed offset; an IPv6 host is 12 bytes longer.
 *
 *  0 i32 totalSize    4 i32 magic        8 i32 bodyCrc        12 i32 queueId      16 i32 flag
 * 20 i64 queueOffset 28 i64 physicalOffset 36 i32 sysFlag     40 i64 bornTimestamp
 * 48 4+i32 bornHost  56 i64 storeTimestamp 64 4+i32 storeHost 72 i32 reconsumeTimes
 * 76 i64 preparedTransactionOffset         84 i32 length, body
 * topic i8 length (V1) or i16 length (V2), text               properties i16 length, text
 *
 * Source: common/message/MessageDecoder.java, store/MessageExtEncoder.java.
 */
export const MESSAGE_MAGIC_V1 = 0xdaa320a7 | 0;
export const MESSAGE_MAGIC_V2 = 0xdaa320ab | 0;

export const RecordOffset = {
  TOTAL_SIZE: 0,
  MAGIC: 4,
  BODY_CRC: 8,
  QUEUE_ID: 12,
  FLAG: 16,
  QUEUE_OFFSET: 20,
  PHYSICAL_OFFSET: 28,
  SYS_FLAG: 36,
  BORN_TIMESTAMP: 40,
  BORN_HOST: 48,
  /** These hold when the born host is IPv4. */
  STORE_TIMESTAMP: 56,
  STORE_HOST: 64,
  /** These hold when both hosts are IPv4. */
  RECONSUME_TIMES: 72,
  PREPARED_TRANSACTION_OFFSET: 76,
  BODY_LENGTH: 84,
  BODY: 88,
} as const;

/** Bytes of a V1 record with IPv4 hosts beside body, topic and properties. */
export const RECORD_OVERHEAD_BYTES = 91;
export const IPV6_EXTRA_BYTES = 12;
/** A longer topic makes the record V2: older readers take the V1 length as a signed byte. */
export const TOPIC_BYTES_V1_MAX = 127;
/** `Short.MAX_VALUE`: the length is a signed i16. */
export const PROPERTIES_BYTES_MAX = 32767;
/** RocketMQ's default of `maxMessageSize`, of producer and broker. */
export const MESSAGE_BODY_BYTES_MAX = 4 * 1024 * 1024;
/**
 * The highest `maxMessageSize` that a producer or a broker may have. A frame with such a body, its properties and its header is
 * half of the longest frame. Readers do not know what senders were allowed, so they inflate a body up to this size.
 */
export const MESSAGE_BODY_BYTES_CEILING = 8 * 1024 * 1024;

/** Size of a record with IPv4 hosts. */
export function recordBytes(bodyBytes: number, topicBytes: number, propertiesBytes: number): number {
  const topicLengthExtra = topicBytes > TOPIC_BYTES_V1_MAX ? 1 : 0;
  return RECORD_OVERHEAD_BYTES + topicLengthExtra + bodyBytes + topicBytes + propertiesBytes;
}
