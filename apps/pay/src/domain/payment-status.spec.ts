import { describe, expect, it } from '@jest/globals';
import { IllegalTransitionError, assertTransition } from './payment-status.js';
import type { PaymentStatus } from './payment-status.js';

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
