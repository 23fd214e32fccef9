import { DispatchBacklog } from './dispatch-backlog.js';
import type { DispatchEntry } from './dispatch-backlog.js';

/**
 * Puts messages into their consume queues once their bytes are as safe as the flush mode promises (RocketMQ:
 * ReputMessageService and CommitLogDispatcherBuildConsumeQueue).
 */
export class QueueDispatcher {
  readonly backlog = new DispatchBacklog();
  private readonly dispatch = (entry: DispatchEntry): void => {
    const { queue, queueOffset, tagsCode } = entry;
    if (queue.isRetired) return;
    queue.put(entry.physicalOffset, entry.size, tagsCode);
    this.onDispatch(queue.topic, queue.queueId, queueOffset, tagsCode);
  };

  constructor(
    /** Consumers may read everything before: it is written (ASYNC_FLUSH) or durable (SYNC_FLUSH). */
    public visibleOffset: number,
    private readonly onDispatch: (topic: string, queueId: number, queueOffset: number, tagsCode: number) => void,
  ) {}

  makeVisible(offset: number): void {
    this.visibleOffset = offset;
    this.backlog.drain(offset, this.dispatch);
  }

  /** Takes back the queue offsets of messages that the disk had no room for. Returns false when there were none. */
  takeBackFrom(offset: number): boolean {
    let taken = false;
    this.backlog.withdraw(offset, (entry) => {
      entry.queue.nextOffset = entry.queueOffset;
      taken = true;
    });
    return taken;
  }
}
