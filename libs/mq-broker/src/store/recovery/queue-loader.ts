import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { CheckedBlock } from '../consume-queue/queue-files.js';
import { HOLE_SIZE, UNIT_AT_SIZE, UNIT_BYTES } from '../consume-queue/unit-layout.js';
import { readInt64 } from '../record/record-layout.js';
import { startQueue } from './queue-builder.js';

/**
 * Takes up a queue where the checkpoint left it. Units that point at or behind `dispatchedOffset` are dropped: they may
 * never have reached the disk, and the scan of the log brings them again. Units beyond those that the checkpoint counted are
 * dropped too. False when units that it counted are missing or fail their checksum.
 */
export function loadQueue(
  queue: ConsumeQueue,
  dispatchedOffset: number,
  expected: { minOffset: number; maxOffset: number },
): boolean {
  if (expected.minOffset === expected.maxOffset) {
    queue.files.deleteAll();
    startQueue(queue, expected.maxOffset);
    return true;
  }
  for (let index = lastIndexIn(queue); index >= expected.minOffset;) {
    const block = queue.files.readBlock(index);
    const units = Math.min(unitsBefore(block, dispatchedOffset), Math.max(0, expected.maxOffset - block.first));
    const next = block.first + units;
    if (next < expected.maxOffset) return false;
    if (units > 0) {
      if (!hasFilesFrom(queue, expected.minOffset)) return false;
      queue.resume(expected.minOffset, next, block);
      return true;
    }
    if (next === expected.maxOffset && block.first > expected.minOffset) {
      if (!hasFilesFrom(queue, expected.minOffset)) return false;
      queue.resume(expected.minOffset, next, undefined);
      return true;
    }
    index = block.first - 1;
  }
  return false;
}

/** Index of the last unit any file has room for, -1 without files. */
function lastIndexIn(queue: ConsumeQueue): number {
  const last = queue.files.firstUnits().at(-1);
  return last === undefined ? -1 : last + queue.files.unitsIn(last) - 1;
}

/** Every file from the one that holds `minOffset` on is there. */
function hasFilesFrom(queue: ConsumeQueue, minOffset: number): boolean {
  const firsts = queue.files.firstUnits();
  const perFile = queue.files.unitsPerFile;
  const wanted = minOffset - (minOffset % perFile);
  const present = firsts.filter((first) => first >= wanted);
  return present[0] === wanted && present.every((first, index) => first === wanted + index * perFile);
}

/** Units at the block's start that were dispatched before the position. */
function unitsBefore(block: CheckedBlock, dispatchedOffset: number): number {
  let units = block.units;
  while (units > 0) {
    const at = (units - 1) * UNIT_BYTES;
    const isHole = block.view.getInt32(at + UNIT_AT_SIZE) === HOLE_SIZE;
    if (isHole || readInt64(block.view, at) < dispatchedOffset) break;
    units--;
  }
  return units;
}
