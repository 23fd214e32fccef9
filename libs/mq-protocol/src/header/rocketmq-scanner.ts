import { FrameError } from '../errors.js';
import { ValueKind } from './header-index.js';
import type { HeaderIndex } from './header-index.js';

/**
 * header = code language version opaque flag remark ext
 * code i16, language i8 (ordinal), version i16, opaque i32, flag i32
 * remark = i32 length, UTF-8           (length 0: none)
 * ext    = i32 length, entry*          (length 0: none)
 * entry  = i16 length, key, i32 length, value
 *
 * Source: remoting/protocol/RocketMQSerializable.java.
 */
const FIXED_BYTES = 21;
const ENTRY_BYTES_MIN = 6;

/** Scans the header between `start` and `end` into `index`. Throws FrameError. */
export function scanRocketmqHeader(buffer: Buffer, start: number, end: number, index: HeaderIndex): void {
  if (end - start < FIXED_BYTES) throw broken('is shorter than its fixed part');
  index.clear();
  index.code = buffer.readInt16BE(start);
  index.languageOrdinal = buffer[start + 2] ?? 0;
  index.version = buffer.readInt16BE(start + 3);
  index.opaque = buffer.readInt32BE(start + 5);
  index.flag = buffer.readInt32BE(start + 9);
  const remarkBytes = buffer.readInt32BE(start + 13);
  if (remarkBytes < 0 || remarkBytes > end - start - FIXED_BYTES) throw broken('has a remark longer than itself');
  const remarkStart = start + 17;
  if (remarkBytes > 0) {
    index.remarkStart = remarkStart;
    index.remarkEnd = remarkStart + remarkBytes;
  }
  const extLengthAt = remarkStart + remarkBytes;
  if (buffer.readInt32BE(extLengthAt) !== end - extLengthAt - 4) throw broken('and its ext length do not agree');
  scanEntries(buffer, extLengthAt + 4, end, index);
}

function scanEntries(buffer: Buffer, start: number, end: number, index: HeaderIndex): void {
  index.hasExtFields = start < end;
  let position = start;
  while (position < end) {
    if (end - position < ENTRY_BYTES_MIN) throw broken('has a torn entry');
    const keyStart = position + 2;
    const keyBytes = buffer.readInt16BE(position);
    if (keyBytes < 0 || keyBytes > end - keyStart - 4) throw broken('has a key longer than itself');
    const keyEnd = keyStart + keyBytes;
    const valueStart = keyEnd + 4;
    const valueBytes = buffer.readInt32BE(keyEnd);
    if (valueBytes < 0 || valueBytes > end - valueStart) throw broken('has a value longer than itself');
    position = valueStart + valueBytes;
    // Java never writes an empty key or value and reads them as null.
    if (keyBytes > 0 && valueBytes > 0) index.add(buffer, keyStart, keyEnd, valueStart, position, ValueKind.PLAIN);
  }
}

function broken(what: string): FrameError {
  return new FrameError(`the binary header ${what}`);
}
