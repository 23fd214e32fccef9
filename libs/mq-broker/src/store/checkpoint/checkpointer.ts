import type { QueueTable } from '../consume-queue/queue-table.js';
import { SyncFailedError } from '../store.errors.js';
import type { Checkpoint, CheckpointState } from './checkpoint.js';

/** Where the log stands when a checkpoint is taken. */
export interface CheckpointFacts {
  endOffset: number;
  visibleOffset: number;
  minOffset: number;
  storeTimestamp: number;
  retentionTime: number;
}

/** Takes checkpoints: consume queues durable first, then the log, then the note that says so. One at a time. */
export class Checkpointer {
  private running: Promise<void> | undefined;
  private takenAt = -1;

  constructor(
    private readonly file: Checkpoint,
    private readonly queues: QueueTable,
    private deletedTopics: [string, number][],
    private readonly facts: () => CheckpointFacts,
    private readonly drainLog: () => Promise<void>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** A checkpoint if the log has moved since the last one; failures go to `onFailure`. */
  takeIfMoved(): void {
    if (this.running || this.takenAt === this.facts().visibleOffset) return;
    this.running = this.take(false).then(
      () => {
        this.running = undefined;
        // A topic was deleted meanwhile.
        if (this.takenAt < 0) this.takeIfMoved();
      },
      (error: unknown) => {
        this.running = undefined;
        this.onFailure(error);
      },
    );
  }

  /** What lies before `endOffset` of a deleted topic must not come back when queues are built again. */
  topicDeleted(topic: string, endOffset: number): void {
    this.deletedTopics = [...this.deletedTopics.filter(([name]) => name !== topic), [topic, endOffset]];
    this.takenAt = -1;
    this.takeIfMoved();
  }

  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  async take(clean: boolean): Promise<void> {
    const facts = this.facts();
    const { deletedTopics } = this;
    const queues = [...this.queues.all()];
    const state: CheckpointState = {
      clean,
      logEndOffset: facts.endOffset,
      dispatchedOffset: facts.visibleOffset,
      storeTimestamp: facts.storeTimestamp,
      retentionTime: facts.retentionTime,
      queues: queues.map(({ topic, queueId, minOffset, maxOffset }) => [topic, queueId, minOffset, maxOffset]),
      deletedTopics: deletedTopics.filter(([, offset]) => offset > facts.minOffset),
    };
    for (const queue of queues) queue.save();
    try {
      for (const queue of queues) await queue.files.sync();
    } catch (error) {
      throw new SyncFailedError('a consume queue', error);
    }
    await this.drainLog();
    await this.file.write(state);
    this.takenAt = this.deletedTopics === deletedTopics ? state.dispatchedOffset : -1;
  }
}
