import type { MessageQueue } from '@rocketshop/mq-protocol';
import type { ElapsedClock } from '../broker-clock.js';

interface QueueLock {
  clientId: string;
  refreshedAtMs: number;
}

/**
 * The locks of consumers that consume in order (RocketMQ `RebalanceLockManager`).
 *
 * FREE -> HELD(client, time) -> renewed by the same client -> FREE again by unlock, or when the client did not renew for
 * `lockMaxLiveMs`.
 */
export class QueueLockTable {
  private readonly groups = new Map<string, Map<string, QueueLock>>();

  constructor(
    private readonly clock: Pick<ElapsedClock, 'now'>,
    private readonly lockMaxLiveMs: number,
  ) {}

  /** Locks free queues and renews the client's own locks. Returns the queues that the client holds afterwards. */
  lock(group: string, clientId: string, queues: readonly MessageQueue[]): MessageQueue[] {
    const now = this.clock.now();
    const locks = this.locksOf(group);
    return queues.filter((queue) => {
      const key = keyOf(queue);
      const lock = locks.get(key);
      if (lock !== undefined && lock.clientId !== clientId && !this.isExpired(lock, now)) return false;
      locks.set(key, { clientId, refreshedAtMs: now });
      return true;
    });
  }

  unlock(group: string, clientId: string, queues: readonly MessageQueue[]): void {
    const locks = this.groups.get(group);
    if (locks === undefined) return;
    for (const queue of queues) {
      const key = keyOf(queue);
      if (locks.get(key)?.clientId === clientId) locks.delete(key);
    }
    if (locks.size === 0) this.groups.delete(group);
  }

  /** True for a group that consumes in order: a message that it gives back goes to its dead letters at once. */
  isHeldByAnyone(group: string): boolean {
    const now = this.clock.now();
    for (const lock of this.groups.get(group)?.values() ?? []) if (!this.isExpired(lock, now)) return true;
    return false;
  }

  /** Removes expired locks, so that groups that no longer exist do not stay in memory. */
  dropExpired(): void {
    const now = this.clock.now();
    for (const [group, locks] of this.groups) {
      for (const [key, lock] of locks) if (this.isExpired(lock, now)) locks.delete(key);
      if (locks.size === 0) this.groups.delete(group);
    }
  }

  get size(): number {
    let size = 0;
    for (const locks of this.groups.values()) size += locks.size;
    return size;
  }

  private isExpired(lock: QueueLock, now: number): boolean {
    return now - lock.refreshedAtMs > this.lockMaxLiveMs;
  }

  private locksOf(group: string): Map<string, QueueLock> {
    let locks = this.groups.get(group);
    if (locks === undefined) {
      locks = new Map();
      this.groups.set(group, locks);
    }
    return locks;
  }
}

function keyOf(queue: MessageQueue): string {
  return `${queue.topic}@${queue.brokerName}@${queue.queueId}`;
}
