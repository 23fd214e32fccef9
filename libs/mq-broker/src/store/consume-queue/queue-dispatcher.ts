import { DispatchBacklog } from './dispatch-backlog.js';
import type { DispatchEntry } from './dispatch-backlog.js';

export interface DispatchListener {
  onDispatch: ((topic: string, queueId: number, queueOffset: number, tagsCode: number) => void) | undefined;
}

/**
 * Puts messages into their consume queues once their bytes are as safe as the flush mode promises (RocketMQ:
 * ReputMessageService and CommitLogDispatcherBuildConsumeQueue).
 */
export class QueueDispatcher {
  readonly backlog = new DispatchBacklog();
  private readonly dispatch = (entry: DispatchEntry): void => {
    entry.queue.put(entry.physicalOffset, entry.size, entry.tagsCode);
    this.listener.onDispatch?.(entry.queue.topic, entry.queue.queueId, entry.queueOffset, entry.tagsCode);
  };

  constructor(
    /** Everything before this may be read: written (ASYNC_FLUSH) or durable (SYNC_FLUSH). */
    public visibleOffset: number,
    private readonly listener: DispatchListener,
  ) {}

  makeVisible(offset: number): void {
    this.visibleOffset = offset;
    this.backlog.drain(offset, this.dispatch);
  }

  /** Gives back the queue offsets of messages the disk had no room for; false when there were none. */
  takeBackFrom(offset: number): boolean {
    let taken = false;
    this.backlog.withdraw(offset, (entry) => {
      entry.queue.nextOffset = entry.queueOffset;
      taken = true;
    });
    return taken;
  }
}
