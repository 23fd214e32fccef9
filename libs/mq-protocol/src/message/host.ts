import { isIPv4, isIPv6 } from 'node:net';
import { MessageFormatError } from '../errors.js';

const V4_MAPPED_PREFIX = '::ffff:';

/** `::ffff:10.0.0.1`, as dual-stack sockets show IPv4 peers, becomes `10.0.0.1`; anything else stays. */
export function plainHost(host: string): string {
  return host.startsWith(V4_MAPPED_PREFIX) ? host.slice(V4_MAPPED_PREFIX.length) : host;
}

/** True for an address that binds all addresses of a machine. Other machines cannot connect to it. */
export function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** An IP address as its 4 or 16 bytes. Throws MessageFormatError for anything that is no address. */
export function encodeHost(host: string): Buffer {
  const plain = plainHost(host);
  if (isIPv4(plain)) return Buffer.from(plain.split('.').map(Number));
  if (isIPv6(plain)) return encodeIpv6(plain);
  throw new MessageFormatError(`<${host}> is no IP address`);
}

/** 4 or 16 bytes as an IP address; IPv6 in its short form without further compression rules than `::`. */
export function decodeHost(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return compressZeros(groups);
}

function encodeIpv6(host: string): Buffer {
  const address = (host.split('%')[0] ?? host).replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  }
  return bytes;
}

/** RFC 5952: the longest run of two or more zero groups is written as `::`, the first one of equal length. */
function compressZeros(groups: string[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (end < groups.length && groups[end] === '0') end += 1;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
    start = Math.max(start, end - 1);
  }
  if (bestStart < 0) return groups.join(':');
  return `${groups.slice(0, bestStart).join(':')}::${groups.slice(bestStart + bestLength).join(':')}`;
}
