import { crc32 } from 'node:zlib';

/** The CRC-32 that messages and registrations carry: without its sign bit. Source: common/UtilAll.crc32. */
export function bodyCrc32(bytes: Uint8Array): number {
  return crc32(bytes) & 0x7fffffff;
}
