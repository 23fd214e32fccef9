import { describe, expect, it } from '@jest/globals';
import type { ProviderCallback } from '@rocketshop/contracts';
import { decideOnCallback, decideOnMoney } from './callback-outcome.js';
import type { CallbackFacts } from './callback-outcome.js';

describe('money that arrives', () => {
  it('is accepted while the order is open', () => {
    expect(decideOnMoney('OPEN', 'PAYING', null, 'txn-1')).toBe('PAID');
  });

  it('is accepted when the callback comes before the answer to our charge request', () => {
    expect(decideOnMoney('OPEN', 'CREATED', null, 'txn-1')).toBe('PAID');
  });

  it('is counted once when the provider sends the callback again', () => {
    expect(decideOnMoney('PAID', 'PAID', 'txn-1', 'txn-1')).toBe('ALREADY_COUNTED');
  });

  it('is refunded when the provider charged twice', () => {
    expect(decideOnMoney('PAID', 'PAID', 'txn-1', 'txn-2')).toBe('REFUNDING');
  });

  it('is refunded when the order was closed before', () => {
    expect(decideOnMoney('CLOSED', 'CLOSED', null, 'txn-1')).toBe('REFUNDING');
  });

  it('is refunded when another payment of the order was paid first', () => {
    expect(decideOnMoney('PAID', 'CLOSED', null, 'txn-1')).toBe('REFUNDING');
  });
});

describe('a genuine callback', () => {
  const event = {
    type: 'payment.succeeded',
    merchantId: 'shop',
    orderId: 'order',
    amount: '1250',
    currency: 'EUR',
    providerTxnId: 'txn-1',
  } as ProviderCallback;
  const payment = {
    merchantId: null,
    orderId: 'order',
    amount: 1250n,
    currency: 'EUR',
    status: 'PAYING',
    providerTxnId: null,
    orderStatus: 'OPEN',
  } as const;
  const facts: CallbackFacts = { earlierOutcome: null, payment, isForeign: false, isOtherContent: false };

  it.each<[string, Partial<ProviderCallback>, Partial<CallbackFacts>, string]>([
    ['that fits', {}, {}, 'PAID'],
    ['that was accepted before', { amount: '1' }, { earlierOutcome: 'REFUNDING' }, 'REFUNDING'],
    ['that was refused before and fits now', {}, { earlierOutcome: 'UNKNOWN_PAYMENT' }, 'PAID'],
    ['of another merchant', { merchantId: 'other' }, {}, 'WRONG_MERCHANT'],
    [
      'of the merchant that we were when the charge was requested',
      { merchantId: 'old' },
      { payment: { ...payment, merchantId: 'old' } },
      'PAID',
    ],
    ['of the merchant that we became since', {}, { payment: { ...payment, merchantId: 'old' } }, 'WRONG_MERCHANT'],
    ['whose id another event had', {}, { earlierOutcome: 'PAID', isOtherContent: true }, 'EVENT_ID_REUSED'],
    ['of a payment that is not known', {}, { payment: null }, 'UNKNOWN_PAYMENT'],
    ['of another order', { orderId: 'other' }, {}, 'WRONG_ORDER'],
    ['in another currency', { currency: 'USD' }, {}, 'WRONG_CURRENCY'],
    ['of another amount', { amount: '1249' }, {}, 'WRONG_AMOUNT'],
    ['of a refund', { type: 'refund.succeeded' }, {}, 'REFUND_NOTED'],
    ['with the money of another payment', {}, { isForeign: true }, 'WRONG_TRANSACTION'],
  ])('%s', (_what, changedEvent, changedFacts, outcome) => {
    const decided = decideOnCallback(
      { ...event, ...changedEvent } as ProviderCallback,
      { ...facts, ...changedFacts },
      'shop',
    );
    expect(decided).toBe(outcome);
  });
});
