import type { LogFiles } from '../commit-log/log-files.js';

const STEP_BYTES = 256 * 1024;

/**
 * Wipes everything behind the log's end, durably: what was left of a torn write, and old records that would come back to
 * life at the next start. Returns the bytes up to the last one that was not zero already.
 */
export function cutTail(files: LogFiles, endOffset: number): number {
  const buffer = Buffer.allocUnsafe(STEP_BYTES);
  const zeros = Buffer.alloc(STEP_BYTES);
  let lastByte = endOffset;
  for (const { base, file } of files.all) {
    const size = file.size();
    let changed = false;
    for (let position = Math.max(0, endOffset - base); position < size; position += STEP_BYTES) {
      const bytes = file.read(buffer, 0, Math.min(STEP_BYTES, size - position), position);
      const used = lengthWithoutZeros(buffer, bytes, zeros);
      if (used === 0) continue;
      file.write(zeros, 0, used, position);
      changed = true;
      lastByte = base + position + used;
    }
    if (changed) file.syncNow();
  }
  return lastByte - endOffset;
}

function lengthWithoutZeros(buffer: Buffer, bytes: number, zeros: Buffer): number {
  if (buffer.compare(zeros, 0, bytes, 0, bytes) === 0) return 0;
  let length = bytes;
  while (length > 0 && buffer[length - 1] === 0) length--;
  return length;
}
