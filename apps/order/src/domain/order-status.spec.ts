import { describe, expect, it } from '@jest/globals';
import { orderStatusSchema } from '@rocketshop/contracts';
import type { OrderStatus } from '@rocketshop/contracts';
import { IllegalTransitionError, assertTransition, isVisible } from './order-status.js';

const ALLOWED = new Set([
  'PENDING CONFIRMED',
  'PENDING PAID',
  'PENDING CANCELLING',
  'CONFIRMED PAID',
  'CONFIRMED CANCELLING',
  'CANCELLING CANCELLED',
]);

const PAIRS = orderStatusSchema.options.flatMap((from) =>
  orderStatusSchema.options.map((to): [OrderStatus, OrderStatus] => [from, to]),
);

describe('the order status table', () => {
  it.each(PAIRS.filter(([from, to]) => ALLOWED.has(`${from} ${to}`)))('lets %s become %s', (from, to) => {
    expect(() => assertTransition(from, to)).not.toThrow();
  });

  it.each(PAIRS.filter(([from, to]) => !ALLOWED.has(`${from} ${to}`)))('never lets %s become %s', (from, to) => {
    expect(() => assertTransition(from, to)).toThrow(IllegalTransitionError);
  });

  it('hides only the PENDING order', () => {
    expect(orderStatusSchema.options.filter((status) => !isVisible(status))).toEqual(['PENDING']);
  });
});
