import { describe, expect, it } from '@jest/globals';
import type { MessageQueue } from '../message.js';
import { allocateAveragely } from './allocate-averagely.js';

const queues = (count: number, brokerName = 'broker-a'): MessageQueue[] =>
  Array.from({ length: count }, (_, queueId) => ({ topic: 'T', brokerName, queueId }));
const clients = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.0.${100 + index}@1#1`);
const shares = (queueCount: number, clientCount: number): number[][] =>
  clients(clientCount).map((id) =>
    allocateAveragely(queues(queueCount), clients(clientCount), id).map((queue) => queue.queueId),
  );

describe('allocateAveragely', () => {
  it('computes the shares of the Java client', () => {
    expect(shares(4, 3)).toEqual([[0, 1], [2], [3]]);
    expect(shares(8, 3)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
    expect(shares(10, 4)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
      [8, 9],
    ]);
    expect(shares(2, 3)).toEqual([[0], [1], []]);
    expect(shares(4, 4)).toEqual([[0], [1], [2], [3]]);
  });

  it('gives every queue to exactly one client, whatever the numbers', () => {
    for (let queueCount = 0; queueCount <= 20; queueCount++) {
      for (let clientCount = 1; clientCount <= 20; clientCount++) {
        expect(shares(queueCount, clientCount).flat()).toEqual(queues(queueCount).map((queue) => queue.queueId));
      }
    }
  });

  it('does not depend on the order in which queues and clients are listed', () => {
    const mixed = [...queues(3, 'b'), ...queues(3, 'a')].reverse();
    const ids = ['z', 'B', 'a'];
    expect(allocateAveragely(mixed, ids, 'B')).toEqual(queues(2, 'a'));
    expect(allocateAveragely(mixed, ids.toReversed(), 'a')).toEqual([
      { topic: 'T', brokerName: 'a', queueId: 2 },
      { topic: 'T', brokerName: 'b', queueId: 0 },
    ]);
  });

  it('gives no queue to a client that the broker does not list', () => {
    expect(allocateAveragely(queues(4), clients(2), 'somebody else')).toEqual([]);
    expect(allocateAveragely([], clients(2), '10.0.0.100@1#1')).toEqual([]);
  });
});
