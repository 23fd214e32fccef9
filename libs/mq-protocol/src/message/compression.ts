import { deflateSync, inflateSync } from 'node:zlib';
import { CompressionError } from '../errors.js';
import { MessageSysFlag } from '../tables/sys-flag.js';
import { MESSAGE_BODY_BYTES_CEILING } from './message-layout.js';

/** RocketMQ's `rocketmq.message.compressLevel`. */
const COMPRESS_LEVEL = 5;

export type CompressionType = 'ZLIB' | 'LZ4' | 'ZSTD';

/** The method a sysFlag names. None recorded is zlib, as versions before 5 wrote it. */
export function compressionType(sysFlag: number): CompressionType {
  switch (sysFlag & MessageSysFlag.COMPRESSION_MASK) {
    case MessageSysFlag.COMPRESSION_LZ4:
      return 'LZ4';
    case MessageSysFlag.COMPRESSION_ZSTD:
      return 'ZSTD';
    case 0:
    case MessageSysFlag.COMPRESSION_ZLIB:
      return 'ZLIB';
    default:
      throw new CompressionError(`the sysFlag ${sysFlag} names no compression method`);
  }
}

export function isCompressed(sysFlag: number): boolean {
  return (sysFlag & MessageSysFlag.COMPRESSED) !== 0;
}

/** A zlib stream (RFC 1950), the one method every RocketMQ client can read. */
export function compress(body: Buffer, level: number = COMPRESS_LEVEL): Buffer {
  return deflateSync(body, { level });
}

/**
 * The body as it is sent, and whether it is compressed: a body that zlib makes longer would be over the limit of a broker that
 * allows the body itself.
 */
export function compressIfShorter(body: Buffer, level?: number): { body: Buffer; isCompressed: boolean } {
  const compressed = compress(body, level);
  return compressed.length < body.length ? { body: compressed, isCompressed: true } : { body, isCompressed: false };
}

/**
 * Inflates a body by the method that its sysFlag names. Throws CompressionError when the body is broken, when its method is missing
 * here (LZ4, ZSTD), or when it inflates to more than `maxBytes`: a few kilobytes may inflate to gigabytes.
 */
export function decompress(body: Buffer, sysFlag: number, maxBytes: number = MESSAGE_BODY_BYTES_CEILING): Buffer {
  const type = compressionType(sysFlag);
  if (type !== 'ZLIB') throw new CompressionError(`the compression method ${type} is not supported`);
  try {
    return inflateSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new CompressionError(`the body cannot be inflated into ${maxBytes} bytes`, error);
  }
}
