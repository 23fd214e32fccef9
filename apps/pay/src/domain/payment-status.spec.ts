import { describe, expect, it } from '@jest/globals';
import { IllegalTransitionError, assertTransition, decideOnMoney, type PaymentStatus } from './payment-status.js';

const STATUSES: PaymentStatus[] = ['CREATED', 'PAYING', 'PAID', 'CLOSED'];
const ALLOWED = new Set(['CREATED PAYING', 'CREATED PAID', 'CREATED CLOSED', 'PAYING PAID', 'PAYING CLOSED']);
const PAIRS = STATUSES.flatMap((from) => STATUSES.map((to): [PaymentStatus, PaymentStatus] => [from, to]));

describe('the payment status table', () => {
  it.each(PAIRS.filter(([from, to]) => ALLOWED.has(`${from} ${to}`)))('lets %s become %s', (from, to) => {
    expect(() => assertTransition(from, to)).not.toThrow();
  });

  it.each(PAIRS.filter(([from, to]) => !ALLOWED.has(`${from} ${to}`)))('never lets %s become %s', (from, to) => {
    expect(() => assertTransition(from, to)).toThrow(IllegalTransitionError);
  });
});

describe('money that arrives', () => {
  it('is accepted while the order is open', () => {
    expect(decideOnMoney('OPEN', 'PAYING', null, 'txn-1')).toBe('ACCEPT');
  });

  it('is accepted even where the callback overtook the answer to our charge', () => {
    expect(decideOnMoney('OPEN', 'CREATED', null, 'txn-1')).toBe('ACCEPT');
  });

  it('is counted once however often the provider tells it', () => {
    expect(decideOnMoney('PAID', 'PAID', 'txn-1', 'txn-1')).toBe('ALREADY_COUNTED');
  });

  it('goes back when the provider charged twice', () => {
    expect(decideOnMoney('PAID', 'PAID', 'txn-1', 'txn-2')).toBe('REFUND');
  });

  it('goes back when the order was closed before it came', () => {
    expect(decideOnMoney('CLOSED', 'CLOSED', null, 'txn-1')).toBe('REFUND');
  });

  it('goes back when another payment of the order was paid first', () => {
    expect(decideOnMoney('PAID', 'CLOSED', null, 'txn-1')).toBe('REFUND');
  });
});
