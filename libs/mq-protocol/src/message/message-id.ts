import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { MessageFormatError } from '../errors.js';
import { decodeHost, encodeHost } from './host.js';

/**
 * offsetMsgId = hex(storeHost i32:port i64:physicalOffset)              32 or, with IPv6, 56 characters
 * uniqId      = hex(localHost i16:pid i32:salt i32:millisecondsOfMonth i16:counter)
 *
 * Upper-case hexadecimal. Tools connect to the address in the first and read the sending time out of the second.
 * Source: common/message/MessageDecoder.java (createMessageId), common/message/MessageClientIDSetter.java.
 */
export interface OffsetMessageId {
  host: string;
  port: number;
  physicalOffset: number;
}

const OFFSET_ID_PATTERN = /^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{56})$/;

export function encodeOffsetMsgId(host: string, port: number, physicalOffset: number): string {
  const address = encodeHost(host);
  const bytes = Buffer.allocUnsafe(address.length + 12);
  address.copy(bytes);
  bytes.writeInt32BE(port, address.length);
  bytes.writeBigInt64BE(BigInt(physicalOffset), address.length + 4);
  return bytes.toString('hex').toUpperCase();
}

/** Throws MessageFormatError when the text is no offset id. A uniq id of equal length cannot be told from one. */
export function decodeOffsetMsgId(id: string): OffsetMessageId {
  if (!OFFSET_ID_PATTERN.test(id)) throw new MessageFormatError(`<${id}> is no message id`);
  const bytes = Buffer.from(id, 'hex');
  const hostBytes = bytes.length - 12;
  const physicalOffset = Number(bytes.readBigInt64BE(hostBytes + 4));
  if (!Number.isSafeInteger(physicalOffset)) throw new MessageFormatError(`<${id}> is no message id`);
  return { host: decodeHost(bytes.subarray(0, hostBytes)), port: bytes.readInt32BE(hostBytes), physicalOffset };
}

/** The first IPv4 address that other machines can reach, else 127.0.0.1. */
export function localIpv4(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (address.family === 'IPv4' && !address.internal) return address.address;
    }
  }
  return '127.0.0.1';
}

interface UniqIdState {
  prefix: string;
  monthStart: number;
  nextMonthStart: number;
  counter: number;
}

let state: UniqIdState | undefined;

function uniqIdState(now: number): UniqIdState {
  if (state === undefined) {
    const fixed = Buffer.alloc(10);
    encodeHost(localIpv4()).copy(fixed);
    fixed.writeUInt16BE(process.pid & 0xffff, 4);
    // Java takes the hash of a class loader here. Any value that differs between processes will do.
    randomBytes(4).copy(fixed, 6);
    state = { prefix: fixed.toString('hex').toUpperCase(), monthStart: 0, nextMonthStart: 0, counter: 0 };
  }
  if (now >= state.nextMonthStart || now < state.monthStart) {
    const date = new Date(now);
    state.monthStart = new Date(date.getFullYear(), date.getMonth(), 1).getTime();
    state.nextMonthStart = new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime();
  }
  return state;
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

/** A new client message id, as Java makes it. */
export function createUniqId(now: number = Date.now()): string {
  const current = uniqIdState(now);
  const id = current.prefix + hex((now - current.monthStart) >>> 0, 8) + hex(current.counter, 4);
  current.counter = (current.counter + 1) & 0xffff;
  return id;
}
