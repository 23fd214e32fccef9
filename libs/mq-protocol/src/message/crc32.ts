import * as zlib from 'node:zlib';

/** Below this the table is faster than the call into zlib (measured: 64 B 69 ns against 160 ns, 1 KiB 955 against 352). */
const TABLE_BYTES_MAX = 128;
const POLYNOMIAL = 0xedb88320;
const SLICES = 8;

/** Eight tables of 256 entries: table k gives the effect of a byte that stands k bytes before the end. */
const tables = buildTables();

function buildTables(): Int32Array {
  const result = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    result[byte] = crc;
  }
  for (let byte = 0; byte < 256; byte += 1) {
    for (let slice = 1; slice < SLICES; slice += 1) {
      const previous = result[(slice - 1) * 256 + byte] ?? 0;
      result[slice * 256 + byte] = (previous >>> 8) ^ (result[previous & 0xff] ?? 0);
    }
  }
  return result;
}

type NativeCrc32 = (data: Uint8Array, value?: number) => number;
/** Node has it since 20.15; older ones and other runtimes use the tables for every size. */
const nativeCrc32 = (zlib as unknown as { crc32?: NativeCrc32 }).crc32;

/** CRC-32 (IEEE 802.3) of `buffer[start, end)` as an unsigned number. */
export function crc32(buffer: Buffer, start = 0, end: number = buffer.length): number {
  if (nativeCrc32 === undefined || end - start <= TABLE_BYTES_MAX) return tableCrc32(buffer, start, end);
  return nativeCrc32(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end));
}

/** The form messages and registrations carry: CRC-32 without its sign bit. Source: common/UtilAll.crc32. */
export function bodyCrc32(buffer: Buffer, start = 0, end: number = buffer.length): number {
  return crc32(buffer, start, end) & 0x7fffffff;
}

/** The same in plain code, eight bytes a step. */
export function tableCrc32(buffer: Buffer, start: number, end: number): number {
  const table = tables;
  let crc = -1;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low =
      crc ^
      ((buffer[at] ?? 0) |
        ((buffer[at + 1] ?? 0) << 8) |
        ((buffer[at + 2] ?? 0) << 16) |
        ((buffer[at + 3] ?? 0) << 24));
    crc =
      (table[1792 + (low & 0xff)] ?? 0) ^
      (table[1536 + ((low >>> 8) & 0xff)] ?? 0) ^
      (table[1280 + ((low >>> 16) & 0xff)] ?? 0) ^
      (table[1024 + (low >>> 24)] ?? 0) ^
      (table[768 + (buffer[at + 4] ?? 0)] ?? 0) ^
      (table[512 + (buffer[at + 5] ?? 0)] ?? 0) ^
      (table[256 + (buffer[at + 6] ?? 0)] ?? 0) ^
      (table[buffer[at + 7] ?? 0] ?? 0);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (table[(crc ^ (buffer[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}
