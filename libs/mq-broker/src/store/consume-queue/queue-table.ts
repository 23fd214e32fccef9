import { join } from 'node:path';
import type { Disk } from '../disk.js';
import { TOPIC_BYTES_MAX } from '../record/record-layout.js';
import type { QueueState } from '../store.types.js';
import { ConsumeQueue } from './consume-queue.js';
import type { FileCache } from './file-cache.js';
import { QueueFiles } from './queue-files.js';

/** A topic's queues, by queue id, and its name as bytes for the records. */
export interface TopicQueues {
  readonly topic: string;
  readonly name: Buffer;
  /** A topic becomes a folder, so only RocketMQ's characters are taken (TopicValidator.java). */
  readonly isLegal: boolean;
  readonly queues: (ConsumeQueue | undefined)[];
}

/** A queue id is an index; this keeps a wild one from the wire from growing an array. */
export const QUEUE_ID_MAX = 65_535;

const LEGAL_TOPIC = /^[%|a-zA-Z0-9_-]+$/;

/** All consume queues. */
export class QueueTable {
  private readonly topics = new Map<string, TopicQueues>();

  constructor(
    private readonly disk: Disk,
    private readonly cache: FileCache,
    readonly directory: string,
    private readonly unitsPerFile: number,
    private readonly onDamagedBlock: (queue: ConsumeQueue, first: number, end: number) => boolean,
  ) {}

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.topics.get(topic)?.queues[queueId];
  }

  topicOf(topic: string): TopicQueues {
    const existing = this.topics.get(topic);
    if (existing) return existing;
    const isLegal = LEGAL_TOPIC.test(topic) && topic.length <= TOPIC_BYTES_MAX;
    const entry: TopicQueues = { topic, name: Buffer.from(topic, 'utf8'), queues: [], isLegal };
    if (isLegal) this.topics.set(topic, entry);
    return entry;
  }

  /** The queue, made empty when it is new. */
  queueOf(entry: TopicQueues, queueId: number): ConsumeQueue {
    const existing = entry.queues[queueId];
    if (existing) return existing;
    const directory = join(this.directory, entry.topic, String(queueId));
    const files = new QueueFiles(this.disk, this.cache, directory, this.unitsPerFile);
    const queue = new ConsumeQueue(entry.topic, queueId, files, this.onDamagedBlock);
    entry.queues[queueId] = queue;
    return queue;
  }

  *all(): IterableIterator<ConsumeQueue> {
    for (const { queues } of this.topics.values()) {
      for (const queue of queues) if (queue) yield queue;
    }
  }

  *states(): IterableIterator<QueueState> {
    for (const { topic, queueId, minOffset, maxOffset } of this.all()) yield { topic, queueId, minOffset, maxOffset };
  }

  /** The queues that have files, by what the folders are called. */
  *stored(): IterableIterator<ConsumeQueue> {
    for (const topic of this.disk.list(this.directory)) {
      for (const queueId of this.disk.list(join(this.directory, topic))) {
        if (/^\d{1,5}$/.test(queueId)) yield this.queueOf(this.topicOf(topic), Number(queueId));
      }
    }
  }

  deleteTopic(topic: string): boolean {
    const entry = this.topics.get(topic);
    if (!entry) return false;
    for (const queue of entry.queues) queue?.retire();
    this.topics.delete(topic);
    this.disk.removeDirectory(join(this.directory, topic));
    return true;
  }
}
