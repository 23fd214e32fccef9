import { crc32 } from 'node:zlib';

/**
 * The checksum of a table file is its last member, and it covers every byte before itself:
 *
 *     {"offsetTable":{...},"crc32":"0a1b2c3d"}
 *
 * It is a member and no file beside the table, because one rename then replaces both: no crash leaves a table with the checksum of
 * another one. RocketMQ and its tools skip members that they do not know. A file without the member was written by RocketMQ, by an
 * older version or by a person who removed it, and is taken as it is.
 */
const KEY = '"crc32":"';
const HEX_DIGITS = 8;
const END = '"}';
const MEMBER_BYTES = KEY.length + HEX_DIGITS + END.length;
/** So many right characters of the eleven fixed ones make the end of a file our member, however damaged the others are. */
const FIXED_RIGHT_MIN = 6;

/** Appends the checksum to the text of a JSON object. */
export function withChecksum(text: string): Buffer {
  const end = text.lastIndexOf('}');
  if (end < 0) throw new TypeError('a table file has to be a JSON object');
  const members = text.slice(0, end);
  const head = Buffer.from(members.trimEnd().endsWith('{') ? members : `${members},`);
  return Buffer.concat([head, Buffer.from(`${KEY}${hexOf(head)}${END}`)]);
}

/** The text without its checksum, and whether it had one. Throws when the checksum is not that of the content. */
export function checkedText(bytes: Buffer): { text: string; hasChecksum: boolean } {
  let { length } = bytes;
  while (length > 0 && isBlank(bytes[length - 1])) length--;
  const start = length - MEMBER_BYTES;
  const member = bytes.toString('latin1', Math.max(0, start), length);
  if (start < 1 || !looksLikeMember(member)) return { text: bytes.toString('utf8'), hasChecksum: false };
  const head = bytes.subarray(0, start);
  if (member !== `${KEY}${hexOf(head)}${END}`) throw new Error('its checksum is not that of its content');
  return { text: `${head.toString('utf8').replace(/,$/, '')}}`, hasChecksum: true };
}

function looksLikeMember(text: string): boolean {
  const fixed = `${KEY}${' '.repeat(HEX_DIGITS)}${END}`;
  let right = 0;
  for (let at = 0; at < fixed.length; at++) if (fixed[at] !== ' ' && text[at] === fixed[at]) right++;
  return right >= FIXED_RIGHT_MIN;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function hexOf(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(HEX_DIGITS, '0');
}
