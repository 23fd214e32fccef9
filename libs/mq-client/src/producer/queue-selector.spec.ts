import { describe, expect, it } from '@jest/globals';
import type { Message, MessageQueue } from '../message.js';
import { FaultTable } from './fault-table.js';
import { RoundRobin, selectQueueByHash } from './queue-selector.js';

const message: Message = { topic: 'T', body: Buffer.from('x') };
const queues = (brokers: string[], count = 4): MessageQueue[] =>
  brokers.flatMap((brokerName) => Array.from({ length: count }, (_, queueId) => ({ topic: 'T', brokerName, queueId })));

describe('selectQueueByHash', () => {
  it("computes Java's String.hashCode modulo the number of queues", () => {
    const hashed = (arg: unknown, count: number): number =>
      selectQueueByHash(queues(['a'], count), message, arg).queueId;
    expect(hashed('order-1001', 7)).toBe(708_180_863 % 7);
    expect(hashed('OrderService', 7)).toBe(1_256_458_329 % 7);
    // Java's int cannot hold the absolute value of this hash.
    expect(hashed('polygenelubricants', 7)).toBe(2_147_483_648 % 7);
    expect(hashed(42, 4)).toBe(hashed('42', 4));
  });
});

describe('RoundRobin', () => {
  it('selects every queue in turn', () => {
    const turn = new RoundRobin();
    const taken = Array.from({ length: 8 }, () => turn.select(queues(['a']), [], new FaultTable())?.queueId);
    expect(taken.slice(0, 4).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([0, 1, 2, 3]);
    expect(taken.slice(4)).toEqual(taken.slice(0, 4));
  });

  it('goes to another broker after a failure if there is one', () => {
    const turn = new RoundRobin();
    for (let round = 0; round < 20; round++) {
      expect(turn.select(queues(['a', 'b']), ['a'], new FaultTable())?.brokerName).toBe('b');
      expect(turn.select(queues(['a']), ['a'], new FaultTable())?.brokerName).toBe('a');
    }
  });

  it('tries no broker twice while another is untried, not even a slow or silent one', () => {
    const silent = new FaultTable({ isSilent: (name) => name === 'c' });
    const turn = new RoundRobin();
    expect(turn.select(queues(['a', 'b', 'c']), ['a'], silent)?.brokerName).toBe('b');
    expect(turn.select(queues(['a', 'b', 'c']), ['a', 'b'], silent)?.brokerName).toBe('c');
    expect(turn.select(queues(['a', 'b', 'c']), ['a', 'c', 'b'], silent)?.brokerName).toBe('a');
  });

  it('lets brokers take turns that are all silent', () => {
    const silent = new FaultTable({ isSilent: () => true });
    const turn = new RoundRobin();
    const seen = Array.from({ length: 8 }, () => turn.select(queues(['a', 'b']), [], silent)?.brokerName);
    expect(new Set(seen)).toEqual(new Set(['a', 'b']));
  });

  it('skips brokers that are to be avoided; when all are, it selects the one that is available first', () => {
    let now = 0;
    const faults = new FaultTable({ now: () => now });
    const turn = new RoundRobin();
    faults.failed('b');
    for (let round = 0; round < 10; round++) expect(turn.select(queues(['a', 'b']), [], faults)?.brokerName).toBe('a');
    faults.answered('a', 600);
    for (let round = 0; round < 10; round++) expect(turn.select(queues(['a', 'b']), [], faults)?.brokerName).toBe('a');
    now = 10_000;
    const seen = new Set(Array.from({ length: 8 }, () => turn.select(queues(['a', 'b']), [], faults)?.brokerName));
    expect(seen).toEqual(new Set(['a', 'b']));
  });

  it('selects nothing when there is no queue', () => {
    expect(new RoundRobin().select([], [], new FaultTable())).toBeUndefined();
  });
});
