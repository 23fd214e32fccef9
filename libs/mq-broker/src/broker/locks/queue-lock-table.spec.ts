import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { QueueLockTable } from './queue-lock-table.js';

const queue = (queueId: number): { topic: string; brokerName: string; queueId: number } => ({
  topic: 'orders',
  brokerName: 'broker-a',
  queueId,
});

describe('queue locks', () => {
  let clock: ManualClock;
  let locks: QueueLockTable;

  beforeEach(() => {
    clock = new ManualClock();
    locks = new QueueLockTable(clock, 60_000);
  });

  it('belong to one client of a group', () => {
    expect(locks.lock('g', 'A', [queue(0), queue(1)])).toHaveLength(2);
    expect(locks.lock('g', 'B', [queue(1), queue(2)])).toEqual([queue(2)]);
    expect(locks.lock('other', 'B', [queue(0)])).toHaveLength(1);
  });

  it('last as long as they are renewed', () => {
    locks.lock('g', 'A', [queue(0)]);
    clock.advance(50_000);
    locks.lock('g', 'A', [queue(0)]);
    clock.advance(50_000);
    expect(locks.lock('g', 'B', [queue(0)])).toEqual([]);
    clock.advance(10_001);
    expect(locks.lock('g', 'B', [queue(0)])).toHaveLength(1);
  });

  it('are let go only by their owner', () => {
    locks.lock('g', 'A', [queue(0)]);
    locks.unlock('g', 'B', [queue(0)]);
    expect(locks.isHeldByAnyone('g')).toBe(true);
    locks.unlock('g', 'A', [queue(0)]);
    expect(locks.isHeldByAnyone('g')).toBe(false);
  });

  it('do not count once they are old', () => {
    locks.lock('g', 'A', [queue(0)]);
    clock.advance(60_001);
    expect(locks.isHeldByAnyone('g')).toBe(false);
    locks.dropExpired();
    expect(locks.lock('g', 'B', [queue(0)])).toHaveLength(1);
  });
});
