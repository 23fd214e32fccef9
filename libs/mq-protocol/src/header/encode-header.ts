import { FrameError } from '../errors.js';
import type { RemotingCommand } from '../frame/remoting-command.js';
import { languageOrdinal } from '../tables/language-code.js';

/** The header as RocketMQ's Java side writes it: members in alphabetical order, nulls left out. */
export function jsonHeaderText(command: RemotingCommand, opaque: number): string {
  return JSON.stringify({
    code: command.code,
    extFields: command.extFields,
    flag: command.flag,
    language: command.language,
    opaque,
    remark: command.remark,
    serializeTypeCurrentRPC: 'JSON',
    version: command.version,
  });
}

/** The header in the ROCKETMQ form (grammar: rocketmq-scanner.ts). Throws FrameError for what 16 bits cannot hold. */
export function rocketmqHeader(command: RemotingCommand, opaque: number): Buffer {
  if (command.code > 0x7fff || command.code < -0x8000) {
    throw new FrameError(`the code ${command.code} does not fit into a binary header`);
  }
  const remark = Buffer.from(command.remark ?? '');
  const entries: Buffer[] = [];
  for (const [key, value] of Object.entries(command.extFields ?? {})) {
    if (key !== '' && value !== '') entries.push(entry(key, value));
  }
  const ext = Buffer.concat(entries);
  const header = Buffer.allocUnsafe(21 + remark.length + ext.length);
  header.writeInt16BE(command.code, 0);
  header[2] = languageOrdinal(command.language);
  header.writeInt16BE(command.version, 3);
  header.writeInt32BE(opaque, 5);
  header.writeInt32BE(command.flag, 9);
  header.writeInt32BE(remark.length, 13);
  remark.copy(header, 17);
  header.writeInt32BE(ext.length, 17 + remark.length);
  ext.copy(header, 21 + remark.length);
  return header;
}

function entry(key: string, value: string): Buffer {
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > 0x7fff) throw new FrameError('an ext field has a name that does not fit into a binary header');
  const valueBytes = Buffer.byteLength(value);
  const bytes = Buffer.allocUnsafe(6 + keyBytes + valueBytes);
  bytes.writeInt16BE(keyBytes, 0);
  bytes.write(key, 2);
  bytes.writeInt32BE(valueBytes, 2 + keyBytes);
  bytes.write(value, 6 + keyBytes);
  return bytes;
}
