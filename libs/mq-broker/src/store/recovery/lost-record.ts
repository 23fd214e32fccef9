import type { QueueTable } from '../consume-queue/queue-table.js';
import {
  AT_PHYSICAL_OFFSET,
  HEAD_BYTES,
  TOPIC_BYTES_MAX_V1,
  bodyLengthAt,
  readInt64,
} from '../record/record-layout.js';
import { queueIdOf, queueOffsetOf, sysFlagOf } from '../record/record-reader.js';

export interface LostRecord {
  topic?: string;
  queueId?: number;
  queueOffset?: number;
}

/**
 * Reads what is still readable of a damaged record. When it claims to be the next message of a queue that exists, that
 * message's place becomes a hole, so that its queue offset, which a consumer may have seen, is not given out again.
 */
export function noteLost(
  queues: QueueTable,
  buffer: Buffer,
  view: DataView,
  at: number,
  bytes: number,
  physicalOffset: number,
): LostRecord {
  if (bytes < HEAD_BYTES || at + bytes > buffer.length) return {};
  if (readInt64(view, at + AT_PHYSICAL_OFFSET) !== physicalOffset) return {};
  const topic = topicWithin(buffer, view, at, bytes);
  if (topic === undefined) return {};
  const queueId = queueIdOf(view, at);
  const queueOffset = queueOffsetOf(view, at);
  const queue = queues.find(topic, queueId);
  if (!queue) return {};
  if (queueOffset === queue.maxOffset && queue.maxOffset > 0) {
    queue.putHole();
    queue.nextOffset = queue.maxOffset;
  }
  return { topic, queueId, queueOffset };
}

/** The topic of a record whose lengths cannot be trusted; V1 only, which is every topic of up to 127 bytes. */
function topicWithin(buffer: Buffer, view: DataView, at: number, bytes: number): string | undefined {
  const bodyAt = bodyLengthAt(sysFlagOf(view, at));
  if (bodyAt + 4 > bytes) return undefined;
  const topicAt = bodyAt + 4 + view.getInt32(at + bodyAt);
  if (topicAt < bodyAt + 4 || topicAt + 1 > bytes) return undefined;
  const length = view.getUint8(at + topicAt);
  if (length > TOPIC_BYTES_MAX_V1 || topicAt + 1 + length > bytes) return undefined;
  return buffer.toString('utf8', at + topicAt + 1, at + topicAt + 1 + length);
}
