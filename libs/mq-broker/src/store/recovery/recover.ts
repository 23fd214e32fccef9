import type { CheckpointState } from '../checkpoint/checkpoint.js';
import type { LogFiles } from '../commit-log/log-files.js';
import type { ConsumeQueue } from '../consume-queue/consume-queue.js';
import type { QueueTable } from '../consume-queue/queue-table.js';
import type { Logger } from '../../logger.js';
import type { DamageReport } from './damage-report.js';
import { LogScanner } from './log-scanner.js';
import type { ScanVisitor } from './log-scanner.js';
import { noteLost } from './lost-record.js';
import { dispatchFound, readFacts, startQueue } from './queue-builder.js';
import type { DeliverTimeOf } from './queue-builder.js';
import { loadQueue } from './queue-loader.js';
import { cutTail } from './tail-cutter.js';

export interface RecoveryParts {
  files: LogFiles;
  queues: QueueTable;
  damage: DamageReport;
  checkpoint: CheckpointState | undefined;
  /** The last process ended without a clean shutdown. */
  abnormal: boolean;
  recordBytesMax: number;
  deliverTimeOf: DeliverTimeOf;
  log: Logger;
}

export interface Recovered {
  endOffset: number;
  storeTimestamp: number;
  /** `[topic, position]`: what lies before belongs to a deleted topic. */
  deletedTopics: [string, number][];
}

/**
 * Brings the store to the state of its log.
 *
 * - Clean shutdown: the checkpoint's end is taken, nothing is scanned.
 * - Otherwise: the log is read from the checkpoint's dispatch position on, checked, and put into the consume queues; what
 *   lies behind the last record is wiped durably.
 * - A consume queue that is missing, short or broken is built again from the whole log.
 */
export function recoverStore(parts: RecoveryParts): Recovered {
  const { files, queues, checkpoint, log } = parts;
  const startedAt = performance.now();
  const usable = checkpoint && checkpoint.dispatchedOffset <= files.limit ? checkpoint : undefined;
  const isClean = !parts.abnormal && usable?.clean === true && usable.logEndOffset <= files.limit;
  const from = usable ? Math.max(usable.dispatchedOffset, files.minOffset) : files.minOffset;
  const recovery = new Recovery(parts, usable, from);
  recovery.loadQueues();
  if (isClean) return recovery.result(Math.max(usable.logEndOffset, files.minOffset));
  const endOffset = recovery.scanTail();
  const cutBytes = cutTail(files, endOffset);
  syncFrom(files, from);
  for (const queue of queues.all()) queue.save();
  // A new folder has nothing to report.
  if (parts.abnormal || checkpoint !== undefined || endOffset > 0) {
    log(cutBytes > 0 || parts.damage.count > 0 ? 'warn' : 'info', 'The store was recovered after an abnormal end.', {
      fromOffset: from,
      endOffset,
      cutBytes,
      damagedRecords: parts.damage.count,
      tookMs: Math.round(performance.now() - startedAt),
    });
  }
  return recovery.result(endOffset);
}

/** Only the kernel may have the last bytes of a killed process. They become durable before consumers see them. */
function syncFrom(files: LogFiles, from: number): void {
  for (const { base, file } of files.all) if (base + files.fileBytes > from) file.syncNow();
}

class Recovery {
  private storeTimestamp: number;
  private readonly scanner: LogScanner;
  private readonly deletedTopics: Map<string, number>;

  constructor(
    private readonly parts: RecoveryParts,
    private readonly checkpoint: CheckpointState | undefined,
    private readonly from: number,
  ) {
    this.scanner = new LogScanner(parts.files, parts.recordBytesMax);
    this.deletedTopics = new Map(checkpoint?.deletedTopics);
    this.storeTimestamp = checkpoint?.storeTimestamp ?? 0;
  }

  /** Loads the consume queues up to the checkpoint, and builds the missing or broken ones again. */
  loadQueues(): void {
    const { queues, files, log } = this.parts;
    const expected = new Map<ConsumeQueue, { minOffset: number; maxOffset: number }>();
    for (const [topic, queueId, minOffset, maxOffset] of this.checkpoint?.queues ?? []) {
      expected.set(queues.queueOf(queues.topicOf(topic), queueId), { minOffset, maxOffset });
    }
    const broken = new Set<ConsumeQueue>();
    for (const queue of queues.stored()) if (!expected.has(queue)) queue.files.deleteAll();
    for (const [queue, bounds] of expected) if (!loadQueue(queue, this.from, bounds)) broken.add(queue);
    if (broken.size > 0) {
      const names = [...broken].map((queue) => `${queue.topic}/${queue.queueId}`);
      log('warn', 'Consume queues were missing or broken and are built again from the log.', { queues: names });
      this.rebuild(broken);
      for (const queue of broken) completeTo(queue, expected.get(queue)?.maxOffset ?? 0);
    }
    for (const queue of queues.all()) queue.deleteBefore(files.minOffset);
  }

  scanTail(): number {
    return this.scanner.scan(
      this.from,
      Number.POSITIVE_INFINITY,
      this.visitor(
        () => true,
        (topic) => void this.parts.queues.deleteTopic(topic),
      ),
    );
  }

  /**
   * A deletion may be in the checkpoint although the log lost its end, and the deletion's record with it. The positions after that
   * end are given out again, to messages that nobody has deleted.
   */
  result(endOffset: number): Recovered {
    for (const queue of this.parts.queues.all()) {
      // A consumer of a deleted topic may not have heard of the deletion yet.
      queue.agreedOffset = this.deletedTopics.has(queue.topic) ? queue.minOffset : queue.maxOffset;
    }
    const deletedTopics = [...this.deletedTopics].map(([topic, offset]): [string, number] => [
      topic,
      Math.min(offset, endOffset),
    ]);
    return { endOffset, storeTimestamp: this.storeTimestamp, deletedTopics };
  }

  private rebuild(broken: ReadonlySet<ConsumeQueue>): void {
    const clear = (queue: ConsumeQueue): void => {
      queue.files.deleteAll();
      queue.resume(0, 0, undefined);
    };
    for (const queue of broken) clear(queue);
    const isWanted = (topic: string, queueId: number): boolean => {
      const queue = this.parts.queues.find(topic, queueId);
      return queue !== undefined && broken.has(queue);
    };
    const onDeleted = (topic: string): void => {
      for (const queue of broken) if (queue.topic === topic) clear(queue);
    };
    this.scanner.scan(this.parts.files.minOffset, this.from, this.visitor(isWanted, onDeleted));
    for (const queue of broken) queue.save();
  }

  private visitor(
    isWanted: (topic: string, queueId: number) => boolean,
    onDeleted: (topic: string) => void,
  ): ScanVisitor {
    const { queues, damage, deliverTimeOf } = this.parts;
    return {
      onRecord: (buffer, view, at, physicalOffset, size) => {
        const facts = readFacts(buffer, view, at, deliverTimeOf);
        this.storeTimestamp = Math.max(this.storeTimestamp, facts.storeTimestamp);
        if (facts.deletedTopic !== undefined) {
          this.deletedTopics.set(facts.deletedTopic, physicalOffset + size);
          onDeleted(facts.deletedTopic);
          return;
        }
        if (physicalOffset < (this.deletedTopics.get(facts.topic) ?? 0)) return;
        if (isWanted(facts.topic, facts.queueId)) dispatchFound(queues, facts, physicalOffset, size);
      },
      onDamage: (physicalOffset, bytes, reason, buffer, view, at) => {
        const lost = noteLost(queues, buffer, view, at, bytes, physicalOffset);
        damage.add({ physicalOffset, bytes, reason, ...lost });
      },
    };
  }
}

/** Fills the offsets of messages that the log has lost with holes: an offset is never given out twice. */
function completeTo(queue: ConsumeQueue, maxOffset: number): void {
  if (queue.maxOffset === 0 && maxOffset > 0) startQueue(queue, maxOffset);
  while (queue.maxOffset < maxOffset) queue.putHole();
  queue.nextOffset = queue.maxOffset;
}
