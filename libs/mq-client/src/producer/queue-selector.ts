import { javaStringHash } from '@rocketshop/mq-protocol';
import type { Message, MessageQueue } from '../message.js';
import type { FaultTable } from './fault-table.js';

/**
 * RocketMQ's SelectMessageQueueByHash: the absolute value of String.hashCode of the argument modulo the number of
 * queues. Messages with one key go to one queue, as long as the number of queues does not change.
 */
export function selectQueueByHash(queues: readonly MessageQueue[], _message: Message, arg: unknown): MessageQueue {
  const queue = queues[Math.abs(javaStringHash(String(arg)) % queues.length)];
  if (queue === undefined) throw new RangeError('no queue to select from');
  return queue;
}

/** Round robin over a topic's queues, from a random start. It skips brokers that are to be avoided. */
export class RoundRobin {
  private next = Math.floor(Math.random() * 0x10000);

  /**
   * `failed` are the brokers that this message was sent to in vain, the last one last. Another broker is chosen if there is
   * one; else not the last one, which has just failed.
   */
  select(queues: readonly MessageQueue[], failed: readonly string[], faults: FaultTable): MessageQueue | undefined {
    return (
      this.find(queues, (name) => faults.available(name) && !failed.includes(name)) ??
      this.soonestAvailable(queues, failed, faults)
    );
  }

  private find(queues: readonly MessageQueue[], accept: (brokerName: string) => boolean): MessageQueue | undefined {
    for (let tries = queues.length; tries > 0; tries--) {
      const queue = this.take(queues);
      if (queue !== undefined && accept(queue.brokerName)) return queue;
    }
    return undefined;
  }

  private soonestAvailable(
    queues: readonly MessageQueue[],
    failed: readonly string[],
    faults: FaultTable,
  ): MessageQueue | undefined {
    const names = [...new Set(queues.map((queue) => queue.brokerName))];
    const untried = names.filter((name) => !failed.includes(name));
    const notLast = names.filter((name) => name !== failed.at(-1));
    const candidates = [untried, notLast, names].find((some) => some.length > 0) ?? [];
    const soonest = Math.min(...candidates.map((name) => faults.availableAt(name)));
    // All of them may be silent: then they take turns, because nobody knows which one answers first.
    return this.find(queues, (name) => candidates.includes(name) && faults.availableAt(name) === soonest);
  }

  private take(queues: readonly MessageQueue[]): MessageQueue | undefined {
    const queue = queues[this.next % queues.length];
    this.next = (this.next + 1) & 0x3fffffff;
    return queue;
  }
}
