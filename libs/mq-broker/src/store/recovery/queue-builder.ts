import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { QueueTable } from '../consume-queue/queue-table.js';
import { deletedTopicOf } from '../record/deletion-record.js';
import { propertyOf, queueIdOf, queueOffsetOf, storeTimestampOf, sysFlagOf, topicOf } from '../record/record-reader.js';

const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX';
const TRANSACTION_MASK = 12;

/** The fields of a record that its consume queue needs. */
export interface RecordFacts {
  topic: string;
  queueId: number;
  queueOffset: number;
  storeTimestamp: number;
  tagsCode: number;
  /** False for prepared and rolled back transaction messages, and for records that are no messages. */
  isQueued: boolean;
  /** The topic whose deletion the record notes. */
  deletedTopic: string | undefined;
}

/** Says when a message on a delay level is due, by the broker's delay levels. */
export type DeliverTimeOf = (delayLevel: number, storeTimestamp: number) => number;

export function readFacts(buffer: Buffer, view: DataView, at: number, deliverTimeOf: DeliverTimeOf): RecordFacts {
  const topic = topicOf(buffer, view, at);
  const storeTimestamp = storeTimestampOf(view, at);
  const transaction = sysFlagOf(view, at) & TRANSACTION_MASK;
  return {
    topic,
    queueId: queueIdOf(view, at),
    queueOffset: queueOffsetOf(view, at),
    storeTimestamp,
    tagsCode:
      topic === SCHEDULE_TOPIC
        ? deliverTimeOf(queueIdOf(view, at) + 1, storeTimestamp)
        : javaHash(propertyOf(buffer, view, at, 'TAGS') ?? ''),
    isQueued: transaction === 0 || transaction === 8,
    deletedTopic: deletedTopicOf(topic, buffer, view, at),
  };
}

/** java.lang.String.hashCode. */
export function javaHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/**
 * Puts a record of the log into its consume queue. The record's own queue offset decides how:
 *
 * - at the queue's end: the record is appended
 * - beyond the end: the records between are lost, and their offsets become holes
 * - before the end, with the same position: the queue has the record already
 * - before the end, with another position: the topic was deleted and made again, so the queue starts again at this offset
 */
export function dispatchFound(queues: QueueTable, facts: RecordFacts, physicalOffset: number, size: number): void {
  if (!facts.isQueued) return;
  const queue = queues.queueOf(queues.topicOf(facts.topic), facts.queueId);
  const { queueOffset } = facts;
  if (queue.maxOffset === 0) startQueue(queue, queueOffset);
  if (queueOffset < queue.maxOffset) {
    const isThere =
      queueOffset >= queue.minOffset && queue.load(queueOffset) && queue.physicalOffset === physicalOffset;
    if (isThere) return;
    queue.files.deleteAll();
    startQueue(queue, queueOffset);
  }
  while (queue.maxOffset < queueOffset) queue.putHole();
  queue.put(physicalOffset, size, facts.tagsCode);
  queue.nextOffset = queue.maxOffset;
}

/** Starts a queue at any index. Holes fill the part of its block before the index, so that the block can be checked. */
export function startQueue(queue: ConsumeQueue, index: number): void {
  const { first } = queue.files.blockOf(index);
  queue.resume(first, first, undefined);
  while (queue.maxOffset < index) queue.putHole();
  queue.minOffset = index;
  queue.nextOffset = index;
}
