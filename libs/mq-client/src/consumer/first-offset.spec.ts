import { describe, expect, it } from '@jest/globals';
import { firstOffset } from './first-offset.js';

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 };
const retryQueue = { ...queue, topic: '%RETRY%g' };
const broker = (committed: number | undefined) => ({
  committed: async () => committed,
  max: async () => 100,
  search: async (_queue: unknown, timestamp: number) => timestamp / 10,
});

describe('firstOffset', () => {
  it('begins at the committed offset, whatever consumeFromWhere says', async () => {
    expect(await firstOffset(broker(42), queue, 'CONSUME_FROM_FIRST_OFFSET', 0)).toBe(42);
    expect(await firstOffset(broker(0), queue, 'CONSUME_FROM_LAST_OFFSET', 0)).toBe(0);
  });

  it('begins a new group where consumeFromWhere says', async () => {
    expect(await firstOffset(broker(undefined), queue, 'CONSUME_FROM_FIRST_OFFSET', 0)).toBe(0);
    expect(await firstOffset(broker(undefined), queue, 'CONSUME_FROM_LAST_OFFSET', 0)).toBe(100);
    expect(await firstOffset(broker(undefined), queue, 'CONSUME_FROM_TIMESTAMP', 500)).toBe(50);
  });

  it('skips no redelivery of a new group', async () => {
    expect(await firstOffset(broker(undefined), retryQueue, 'CONSUME_FROM_LAST_OFFSET', 0)).toBe(0);
    expect(await firstOffset(broker(undefined), retryQueue, 'CONSUME_FROM_TIMESTAMP', 500)).toBe(100);
  });
});
