import { describe, expect, it } from '@jest/globals';
import * as contracts from './index.js';
import { ContractViolationError, orderCancelled, orderLinesSchema, readMessage } from './index.js';

const cancelled = {
  version: 1,
  orderId: '0190b1f0-0000-7000-8000-000000000001',
  userId: 'ada',
  items: [{ goodsId: 'teapot', quantity: 1 }],
  couponId: null,
  balanceUsed: '0',
  currency: 'EUR',
  reason: 'OUT_OF_STOCK',
  cancelledAt: '2026-01-01T00:00:00.000Z',
};

describe('contracts', () => {
  it('accepts a message as its owner publishes it', () => {
    expect(readMessage(orderCancelled, cancelled)).toEqual(cancelled);
  });

  it('names every wrong field at once', () => {
    const broken = { ...cancelled, version: 2, balanceUsed: '1.5', items: [] };
    expect(() => readMessage(orderCancelled, broken)).toThrow(ContractViolationError);
    expect(() => readMessage(orderCancelled, broken)).toThrow(/order-cancelled: .*version.*items.*balanceUsed/);
  });

  it.each(['-1', '1.0', '1e3', '01', ' 1', '', '9999999999999999999'])('refuses the amount %p', (amount) => {
    expect(contracts.amountSchema.safeParse(amount).success).toBe(false);
  });

  it('refuses the same goods twice in one order', () => {
    const line = { goodsId: 'teapot', quantity: 1 };
    expect(orderLinesSchema.safeParse([line, line]).success).toBe(false);
  });

  it('gives every message a topic of its own that RocketMQ accepts', () => {
    const topics = Object.values(contracts).flatMap((value) =>
      typeof value === 'object' && 'topic' in value ? [value.topic] : [],
    );
    expect(topics.length).toBeGreaterThanOrEqual(5);
    expect(new Set(topics).size).toBe(topics.length);
    for (const topic of topics) expect(topic).toMatch(/^[a-zA-Z0-9_-]{1,127}$/);
  });
});
