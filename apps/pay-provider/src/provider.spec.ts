import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateChargeService } from './create-charge/create-charge.service.js';
import type { Callback } from './domain/charge.js';
import { LedgerStore } from './ledger/ledger-store.js';
import { payModesSchema } from './pay-charge/pay-charge.dto.js';
import { PayChargeService } from './pay-charge/pay-charge.service.js';
import { billOf, viewCharge } from './read-charge/charge-view.js';
import type { CallbackDelivery } from './send-callback/callback-delivery.service.js';
import { RefundPaymentService } from './refund-payment/refund-payment.service.js';

const request = {
  merchantId: 'shop',
  paymentId: 'payment-1',
  orderId: 'order-1',
  amount: '1250',
  currency: 'EUR',
  callbackUrl: 'http://127.0.0.1:1/callback',
};

let folder: string;
let store: LedgerStore;
let delivered: { callback: Callback; delayMs: number }[];
let charges: CreateChargeService;
let payments: PayChargeService;
let refunds: RefundPaymentService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'provider-'));
  store = await LedgerStore.open(join(folder, 'ledger.jsonl'));
  delivered = [];
  const record = (callback: Callback, delayMs = 0): void => void delivered.push({ callback, delayMs });
  const delivery = { deliver: record, duplicate: record } as unknown as CallbackDelivery;
  charges = new CreateChargeService(store, { callbackAllow: ['http://127.0.0.1:1'] });
  payments = new PayChargeService(store, delivery);
  refunds = new RefundPaymentService(store, delivery);
});
afterEach(async () => {
  await store.onApplicationShutdown();
  await rm(folder, { recursive: true, force: true });
});

const modes = (value: object = {}) => payModesSchema.parse(value);
async function paidCharge(value: object = {}): Promise<{ chargeId: string; transactionIds: string[] }> {
  const { account } = await charges.create(request);
  const view = await payments.pay(account.charge.chargeId, modes(value));
  return { chargeId: view.chargeId, transactionIds: view.transactions.map(({ providerTxnId }) => providerTxnId) };
}

describe('a charge', () => {
  it('exists once for each payment id, also for concurrent requests', async () => {
    const [first, second] = await Promise.all([charges.create(request), charges.create(request)]);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.account).toBe(first.account);
  });

  it('is refused for the payment id of another charge', async () => {
    await charges.create(request);
    await expect(charges.create({ ...request, amount: '1' })).rejects.toMatchObject({
      status: 409,
      code: 'PAYMENT_ID_REUSED',
      message: 'different: amount',
    });
    const { created } = await charges.create({ ...request, merchantId: 'other', amount: '1' });
    expect(created).toBe(true);
  });

  it('is paid once, however often the buyer pays', async () => {
    const { chargeId } = await paidCharge();
    await payments.pay(chargeId, modes());
    expect(delivered).toHaveLength(1);
    expect(delivered[0]?.callback.body).toMatchObject({
      type: 'payment.succeeded',
      amount: '1250',
      orderId: 'order-1',
    });
    expect(viewCharge(store.accountOf(chargeId)).state).toBe('PAID');
  });

  it('is charged twice on demand: two transactions and two events, in reversed order on demand', async () => {
    const { transactionIds } = await paidCharge({ chargeTwice: true, reversed: true, duplicates: 1, delayMs: 5 });
    expect(new Set(transactionIds).size).toBe(2);
    expect(delivered.map(({ callback, delayMs }) => [callback.body.providerTxnId, delayMs])).toEqual([
      [transactionIds[1], 5],
      [transactionIds[1], 5],
      [transactionIds[0], 55],
      [transactionIds[0], 55],
    ]);
    expect(new Set(delivered.map(({ callback }) => callback.eventId)).size).toBe(2);
  });

  it('sends no callback on demand', async () => {
    const { chargeId } = await paidCharge({ silent: true });
    expect(delivered).toEqual([]);
    expect(store.accountOf(chargeId).callbacks).toMatchObject([{ state: 'HELD' }]);
  });

  it('sends false contents on demand, and keeps the true ones on its bill', async () => {
    await paidCharge({ claim: { amount: '1', merchantId: 'thief' } });
    expect(delivered[0]?.callback).toMatchObject({ body: { amount: '1', merchantId: 'thief' }, forgery: {} });
    expect(billOf(store.ledger)).toMatchObject([{ kind: 'CHARGE', amount: '1250', merchantId: 'shop' }]);
  });
});

describe('a refund', () => {
  const refund = { refundId: 'refund-1', amount: '1250', currency: 'EUR' };

  it('exists once for each refund id, and sends a callback', async () => {
    const [providerTxnId = ''] = (await paidCharge()).transactionIds;
    const outcomes = await Promise.all([
      refunds.refund({ ...refund, providerTxnId }),
      refunds.refund({ ...refund, providerTxnId }),
    ]);
    expect(outcomes[1]).toBe(outcomes[0]);
    expect(delivered.map(({ callback }) => callback.body.type)).toEqual(['payment.succeeded', 'refund.succeeded']);
    expect(billOf(store.ledger).map(({ kind, amount }) => `${kind} ${amount}`)).toEqual(['CHARGE 1250', 'REFUND 1250']);
  });

  it('may be one of several parts, but never exceeds the payment', async () => {
    const [providerTxnId = ''] = (await paidCharge()).transactionIds;
    await refunds.refund({ refundId: 'part', amount: '1000', currency: 'EUR', providerTxnId });
    await expect(refunds.refund({ ...refund, amount: '251', providerTxnId })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAYMENT',
      message: 'left: 250',
    });
    await refunds.refund({ ...refund, amount: '250', providerTxnId });
  });

  it.each([
    ['an unknown transaction', { providerTxnId: 'txn_none' }, 'TRANSACTION_NOT_FOUND'],
    ['another currency', { currency: 'USD' }, 'REFUND_CURRENCY_DIFFERS'],
  ])('is refused for %s', async (_what, change, code) => {
    const [providerTxnId = ''] = (await paidCharge()).transactionIds;
    await expect(refunds.refund({ ...refund, providerTxnId, ...change })).rejects.toMatchObject({ code });
  });

  it('is refused for the id of another refund', async () => {
    const [providerTxnId = ''] = (await paidCharge()).transactionIds;
    await refunds.refund({ ...refund, amount: '1', providerTxnId });
    await expect(refunds.refund({ ...refund, amount: '2', providerTxnId })).rejects.toMatchObject({
      status: 409,
      code: 'REFUND_ID_REUSED',
    });
  });
});

it('restores the same state from the file', async () => {
  const { chargeId, transactionIds } = await paidCharge({ chargeTwice: true });
  await refunds.refund({ refundId: 'r', amount: '5', currency: 'EUR', providerTxnId: transactionIds[0] ?? '' });
  const settled = delivered[0]?.callback.eventId ?? '';
  await store.record({ kind: 'callback-settled', eventId: settled, state: 'DELIVERED' });
  const again = await LedgerStore.open(join(folder, 'ledger.jsonl'));
  expect(viewCharge(again.accountOf(chargeId))).toEqual(viewCharge(store.accountOf(chargeId)));
  expect(billOf(again.ledger)).toEqual(billOf(store.ledger));
  expect(again.ledger.pendingCallbacks().map(({ eventId }) => eventId)).not.toContain(settled);
  expect(again.ledger.pendingCallbacks()).toHaveLength(2);
  await again.onApplicationShutdown();
});
