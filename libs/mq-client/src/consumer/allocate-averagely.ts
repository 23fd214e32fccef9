import { compareMessageQueues } from '@rocketshop/mq-protocol';
import type { MessageQueue } from '@rocketshop/mq-protocol';

/**
 * RocketMQ's AllocateMessageQueueAveragely: each client gets consecutive queues, and the first clients get one more.
 * Every member of a group computes all shares, so the order and the arithmetic must be exactly the Java client's, or
 * two members would take one queue: queues are sorted by MessageQueue.compareTo, client ids by String.compareTo (UTF-16
 * units, as JavaScript sorts). A client that the broker does not list gets no queue.
 */
export function allocateAveragely(
  allQueues: readonly MessageQueue[],
  clientIds: readonly string[],
  clientId: string,
): MessageQueue[] {
  const queues = [...allQueues].sort(compareMessageQueues);
  const clients = [...new Set(clientIds)].sort();
  const index = clients.indexOf(clientId);
  if (index < 0 || queues.length === 0) return [];
  const remainder = queues.length % clients.length;
  const share = Math.floor(queues.length / clients.length);
  const takesOneMore = remainder > 0 && index < remainder;
  const size = queues.length <= clients.length ? 1 : takesOneMore ? share + 1 : share;
  const start = takesOneMore ? index * size : index * size + remainder;
  return queues.slice(start, start + size);
}
