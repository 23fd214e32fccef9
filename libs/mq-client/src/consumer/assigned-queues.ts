import { messageOf } from '@rocketshop/mq-protocol';
import { queueKey } from '../message.js';
import type { MessageQueue } from '../message.js';
import type { BrokerOffsets } from './broker-offsets.js';
import { firstOffset } from './first-offset.js';
import { ProcessQueue } from './process-queue.js';
import { QueuePuller } from './queue-puller.js';
import type { PullerHost } from './queue-puller.js';

export interface AssignedQueuesHost extends PullerHost {
  readonly group: string;
  readonly stopping: boolean;
}

interface Assignment {
  readonly processQueue: ProcessQueue;
  readonly puller: QueuePuller;
  /** The last offset that was sent with UPDATE_CONSUMER_OFFSET, and the connection that it was sent on. */
  committed: { offset: number; peerId: number } | undefined;
}

/** The queues that a push consumer holds. Each has a process queue and a puller from acquire() to release(). */
export class AssignedQueues {
  private readonly assignments = new Map<string, Assignment>();

  constructor(
    private readonly host: AssignedQueuesHost,
    private readonly offsets: BrokerOffsets,
  ) {}

  get processQueues(): ProcessQueue[] {
    return [...this.assignments.values()].map(({ processQueue }) => processQueue);
  }

  get queues(): MessageQueue[] {
    return this.processQueues.map(({ queue }) => queue);
  }

  /** Begins to pull the queue. Rejects when its first offset cannot be read. */
  async acquire(queue: MessageQueue): Promise<void> {
    const { options, instance, group } = this.host;
    const offset = await firstOffset(this.offsets, queue, options.consumeFromWhere, options.consumeTimestamp);
    if (this.host.stopping || this.assignments.has(queueKey(queue))) return;
    const processQueue = new ProcessQueue(queue, offset);
    const puller = new QueuePuller(this.host, processQueue);
    this.assignments.set(queueKey(queue), { processQueue, puller, committed: undefined });
    instance.logger.debug(`${group} takes ${queueKey(queue)} from ${offset}`);
    puller.start();
  }

  /**
   * Drops the queue and commits `offset`, or the offset of what is finished. Resolves with whether the commit
   * succeeded.
   */
  async release(queue: MessageQueue, offset?: number): Promise<boolean> {
    const assignment = this.assignments.get(queueKey(queue));
    if (assignment === undefined) return true;
    const { processQueue, puller } = assignment;
    const { instance, group } = this.host;
    const commitOffset = offset ?? processQueue.commitOffset;
    // The queue is dropped before the commit, so that no message can be finished after its offset was read.
    puller.stop();
    processQueue.dropped = true;
    this.assignments.delete(queueKey(queue));
    try {
      await this.offsets.commit(queue, commitOffset);
      instance.logger.debug(`${group} releases ${queueKey(queue)} at ${commitOffset}`);
      return true;
    } catch (error) {
      instance.logger.warn(`offset ${commitOffset} of ${queueKey(queue)} was not committed: ${messageOf(error)}`);
      return false;
    }
  }

  holds(processQueue: ProcessQueue): boolean {
    return this.assignments.get(queueKey(processQueue.queue))?.processQueue === processQueue;
  }

  wakePuller(queue: MessageQueue): void {
    this.assignments.get(queueKey(queue))?.puller.wake();
  }

  wakePullers(): void {
    for (const { puller } of this.assignments.values()) puller.wake();
  }

  stopPullers(): void {
    for (const { puller } of this.assignments.values()) puller.stop();
  }

  /**
   * Sends the offsets that have changed. On a new connection it sends all of them, because those that were sent on the
   * lost connection may not have arrived.
   */
  persistOffsets(): void {
    for (const assignment of this.assignments.values()) {
      const { queue, commitOffset: offset } = assignment.processQueue;
      const peerId = this.offsets.peerId(queue);
      if (peerId === undefined) continue;
      if (assignment.committed?.offset === offset && assignment.committed.peerId === peerId) continue;
      this.offsets.commitOneway(queue, offset);
      assignment.committed = { offset, peerId };
    }
  }
}
