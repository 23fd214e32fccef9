import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openPayment, place, request, until, untilRefunded, untilStatus } from '@rocketshop/shop-testkit';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop, MERCHANT_KEY } from '@rocketshop/shop-testkit/in-process';
import { ASKS_SOON, callBack, paidEvent, payUntold } from './provider-callbacks.js';

jest.setTimeout(60_000);

/** More than any sweeper claims at once. */
const HELPLESS = 150;
/** The ids of helpless rows begin with it, so that the proxy before the provider knows them. */
const MARK = '00000000-0000-4000-8000';
const ids = (count: number): string =>
  `SELECT ('${MARK}-' || lpad(i::text, 12, '0'))::uuid AS id FROM generate_series(1, ${count}) AS i`;
/** Two claims of refunds. Asked one after the other, they would take longer than a story waits. */
const HELPLESS_REFUNDS = 30;

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start({ env: { ...ASKS_SOON, pay: { ...ASKS_SOON.pay, PROVIDER_TIMEOUT_MS: '1500' } } });
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const newPayment = async () => openPayment(shop.buyer(), (await place(shop.buyer())).orderId);

async function untilVoid({ paymentId }: PaymentAnswer): Promise<void> {
  const url = `${shop.urls.provider}/provider/merchants/rocketshop/payments/${paymentId}`;
  const read = async () => (await request(url, { method: 'GET', headers: { 'x-merchant-key': MERCHANT_KEY } })).body;
  await until(async () => ((await read()) as { state?: string }).state === 'VOID', { description: 'the void' });
}

describe(`${HELPLESS} charges that the provider never answers for`, () => {
  beforeAll(() =>
    shop.rows(
      'pay',
      `WITH closed AS (INSERT INTO payment_orders (order_id, status) SELECT id, 'CLOSED' FROM (${ids(HELPLESS)}) AS ids RETURNING order_id)
       INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status, closed_at, next_poll_at)
       SELECT order_id, order_id, 'ada', 1, 'EUR', 'CLOSED', now(), now() + interval '1 day' FROM closed`,
    ),
  );
  let payment: PaymentAnswer;
  beforeEach(async () => {
    payment = await newPayment();
    shop.providerProxy.use(({ bytes }) => (bytes.includes(MARK) ? 'cut' : 'pass'));
    await makeDue();
  });
  afterAll(async () => {
    await shop.rows('pay', `DELETE FROM payments WHERE payment_id::text LIKE '${MARK}%'`);
    await shop.rows('pay', `DELETE FROM payment_orders WHERE order_id::text LIKE '${MARK}%'`);
  });

  const makeDue = () =>
    shop.rows(
      'pay',
      `UPDATE payments SET next_poll_at = now() - interval '1 day' WHERE payment_id::text LIKE '${MARK}%'`,
    );

  it('keep nobody from the charge that is due after them', async () => {
    await shop.buyer().cancelOrder(payment.orderId);
    await untilVoid(payment);
  });

  it('and that are due again and again keep nobody from the last look at a PAID one', async () => {
    const [first] = await payUntold(shop, payment, { chargeTwice: true });
    await callBack(shop, paidEvent(payment, { providerTxnId: first?.providerTxnId ?? '' }));
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    await until(
      async () => {
        await makeDue();
        return ((await shop.buyer().readPayment(payment.paymentId)).body.refunds?.length ?? 0) > 0;
      },
      { description: 'the money that was taken twice to be found' },
    );
    expect(await untilRefunded(shop.buyer(), payment)).toEqual(['DOUBLE']);
  });
});

describe.each([
  ['refused by the provider', 'pass'],
  ['never answered by the provider', 'drop'],
] as const)(`${HELPLESS_REFUNDS} refunds that are %s`, (_what, fate) => {
  it('keep nobody from the refund that is due after them', async () => {
    shop.providerProxy.use(({ bytes }) => (bytes.includes(MARK) ? fate : 'pass'));
    const payment = await newPayment();
    await shop.rows(
      'pay',
      `INSERT INTO refunds (refund_id, payment_id, order_id, provider_txn_id, amount, currency, reason, status, next_attempt_at)
       SELECT id, $1, $2, 'helpless-' || id, 1, 'EUR', 'LATE', 'REQUESTED', now() - interval '1 hour' FROM (${ids(HELPLESS_REFUNDS)}) AS ids`,
      [payment.paymentId, payment.orderId],
    );
    const other = await newPayment();
    await payUntold(shop, other, { chargeTwice: true });
    expect(await untilRefunded(shop.buyer(), other)).toEqual(['DOUBLE']);
    await shop.rows('pay', `DELETE FROM refunds WHERE refund_id::text LIKE '${MARK}%'`);
  });
});
