import { viewOf, writeInt64 } from '../record/record-layout.js';

/**
 * A unit of a consume queue (RocketMQ: ConsumeQueue.java), big-endian:
 *
 *     0 i64 physicalOffset    8 i32 size    12 i64 tagsCode
 *
 * Unit i of a queue stands at byte i * 20. The unit `0, 0x7FFFFFFF, 0` (RocketMQ's pre-blank) marks a place without a
 * message: before the first one after deleted files, or where the log lost a record.
 */
export const UNIT_BYTES = 20;
export const UNIT_AT_SIZE = 8;
export const UNIT_AT_TAGS_CODE = 12;
export const HOLE_SIZE = 0x7fffffff;

/**
 * Units are checked in blocks: a file of our own beside each consume queue file (`<name>.crc`) holds for block b at byte
 * b * 8 the number of units covered (u32) and the CRC-32 of these units (u32). A flipped bit in a tags code would hide a
 * message from a filter without anybody noticing; this notices.
 */
export const BLOCK_UNITS = 1024;
export const BLOCK_BYTES = BLOCK_UNITS * UNIT_BYTES;
export const BLOCK_CHECK_BYTES = 8;

export function encodeUnit(physicalOffset: number, size: number, tagsCode: number): Buffer {
  const unit = Buffer.alloc(UNIT_BYTES);
  const view = viewOf(unit);
  writeInt64(view, 0, physicalOffset);
  view.setInt32(UNIT_AT_SIZE, size);
  writeInt64(view, UNIT_AT_TAGS_CODE, tagsCode);
  return unit;
}
