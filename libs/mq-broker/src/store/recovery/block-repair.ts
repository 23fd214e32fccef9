import type { LogFiles } from '../commit-log/log-files.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import { HOLE_SIZE, UNIT_AT_SIZE, UNIT_BYTES, encodeUnit } from '../consume-queue/unit-layout.js';
import { readInt64 } from '../record/record-layout.js';
import { LogScanner } from './log-scanner.js';
import { readFacts } from './queue-builder.js';
import type { DeliverTimeOf } from './queue-builder.js';

interface RepairSource {
  files: LogFiles;
  logEndOffset: number;
  recordBytesMax: number;
  deliverTimeOf: DeliverTimeOf;
  /** `[topic, position]`: what lies before belongs to a deleted topic. */
  deletedTopics: readonly (readonly [string, number])[];
}

/**
 * Builds the units [first, end) of a queue again from the log and writes them to the file. The units before and after them
 * limit the part of the log that has to be read. The read blocks the event loop; the cause, a disk that lost bytes, is rare.
 */
export function repairBlock(
  queue: ConsumeQueue,
  { first, end }: { first: number; end: number },
  { files, logEndOffset, recordBytesMax, deliverTimeOf, deletedTopics }: RepairSource,
): void {
  const from = Math.max(
    physicalOffsetAt(queue, first - 1) ?? files.minOffset,
    ...deletedTopics.filter(([topic]) => topic === queue.topic).map(([, offset]) => offset),
  );
  const until = physicalOffsetAt(queue, end) ?? logEndOffset;
  const found = new Map<number, Buffer>();
  new LogScanner(files, recordBytesMax).scan(Math.max(from, files.minOffset), until, {
    onRecord: (buffer, view, at, physicalOffset, size) => {
      const facts = readFacts(buffer, view, at, deliverTimeOf);
      if (facts.deletedTopic === queue.topic) found.clear();
      const isOurs = facts.isQueued && facts.topic === queue.topic && facts.queueId === queue.queueId;
      if (!isOurs || facts.queueOffset < first || facts.queueOffset >= end) return;
      found.set(facts.queueOffset, encodeUnit(physicalOffset, size, facts.tagsCode));
    },
    onDamage: () => undefined,
  });
  const hole = encodeUnit(0, HOLE_SIZE, 0);
  const units = Buffer.concat(Array.from({ length: end - first }, (_, index) => found.get(first + index) ?? hole));
  queue.files.rewriteBlock(first, units);
}

/** Reads the block itself and repairs nothing, so that the repairs of two broken neighbours do not call each other. */
function physicalOffsetAt(queue: ConsumeQueue, index: number): number | undefined {
  if (index < queue.minOffset || index >= queue.savedOffset) return undefined;
  const block = queue.files.readBlock(index);
  if (index >= block.first + block.units) return undefined;
  const at = (index - block.first) * UNIT_BYTES;
  return block.view.getInt32(at + UNIT_AT_SIZE) === HOLE_SIZE ? undefined : readInt64(block.view, at);
}
