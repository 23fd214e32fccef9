import type { Appender } from '../commit-log/appender.js';
import type { CommitLog } from '../commit-log/commit-log.js';
import type { QueueDispatcher } from '../consume-queue/queue-dispatcher.js';
import type { Flusher } from '../flush/flusher.js';
import { isOutOfFiles } from '../disk.js';
import { SyncFailedError } from '../store.errors.js';
import type { StoreParts } from '../store-parts.js';
import type { CheckpointState } from './checkpoint.js';

/** Where a checkpoint takes the positions of the log from. */
interface CheckpointSources {
  log: CommitLog;
  flusher: Flusher;
  appender: Appender;
  dispatcher: QueueDispatcher;
}

/**
 * Takes checkpoints, one at a time. The order matters: first the consume queues become durable, then the log, then the
 * checkpoint that says so.
 */
export class Checkpointer {
  private running: Promise<void> | undefined;
  private takenAt = -1;

  constructor(
    private readonly parts: StoreParts,
    private readonly sources: CheckpointSources,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Takes a checkpoint if the log has moved since the last one. Failures go to `onFailure`. */
  takeIfMoved(): void {
    if (this.running || this.takenAt === this.sources.dispatcher.visibleOffset) return;
    this.running = this.take(false).then(
      () => {
        this.running = undefined;
      },
      (error: unknown) => {
        this.running = undefined;
        this.onFailure(error);
      },
    );
  }

  /** Records of a deleted topic before `endOffset` must not come back when queues are built again. Until the next checkpoint the log knows it. */
  topicDeleted(topic: string, endOffset: number): void {
    const { parts } = this;
    parts.deletedTopics = [...parts.deletedTopics.filter(([name]) => name !== topic), [topic, endOffset]];
    this.takenAt = -1;
  }

  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  async take(clean: boolean): Promise<void> {
    const { log, flusher, appender, dispatcher } = this.sources;
    const { files, retentionClock, checkpoint } = this.parts;
    const { deletedTopics } = this.parts;
    const queues = [...this.parts.queues.all()];
    const state: CheckpointState = {
      clean,
      logEndOffset: log.endOffset,
      dispatchedOffset: dispatcher.visibleOffset,
      storeTimestamp: appender.lastStoreTimestamp,
      retentionTime: retentionClock.read(),
      queues: queues.map(({ topic, queueId, minOffset, maxOffset }) => [topic, queueId, minOffset, maxOffset]),
      sizes: this.parts.sizes,
      deletedTopics: deletedTopics.filter(([, offset]) => offset > files.minOffset),
    };
    for (const queue of queues) queue.save();
    try {
      for (const queue of queues) await queue.files.sync();
    } catch (error) {
      if (isOutOfFiles(error)) throw error;
      throw new SyncFailedError('a consume queue', error);
    }
    await flusher.drain();
    await checkpoint.write(state);
    this.takenAt = this.parts.deletedTopics === deletedTopics ? state.dispatchedOffset : -1;
  }
}
