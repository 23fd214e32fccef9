/**
 * frame  = length headerWord header body
 * length     i32   bytes that follow this field: 4 + header + body
 * headerWord i32   high 8 bits: serialize type; low 24 bits: header length
 *
 * Source: remoting/netty/NettyDecoder.java, remoting/protocol/RemotingCommand.java.
 */
export const FRAME_LENGTH_BYTES = 4;
export const FRAME_PREFIX_BYTES = 8;
/** RocketMQ's own limit (`com.rocketmq.remoting.frameMaxLength`), of the value of `length`. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;
/**
 * The largest header that is read. Properties may have 32,767 bytes. As JSON each separator takes six bytes, which makes the
 * shortest entries not quite four times as long. A larger header is an attack on the memory.
 */
export const HEADER_BYTES_MAX = 128 * 1024;

export const SerializeType = {
  JSON: 'JSON',
  ROCKETMQ: 'ROCKETMQ',
} as const;
export type SerializeType = (typeof SerializeType)[keyof typeof SerializeType];

export const SERIALIZE_JSON = 0;
export const SERIALIZE_ROCKETMQ = 1;

export const FLAG_RESPONSE = 1;
export const FLAG_ONEWAY = 2;
