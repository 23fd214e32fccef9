import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PARTICIPANTS } from '@rocketshop/contracts';
import type { OrderStatus } from '@rocketshop/contracts';
import {
  AbandonOrderConsumer,
  CloseUnpaidConsumer,
  OrdersSweeper,
  FinishCancelConsumer,
  PaymentBeforeConfirmError,
  RecordPaymentConsumer,
} from '@rocketshop/order';
import { ClosePaymentRpc } from '@rocketshop/pay';
import { deadlineIn } from '@rocketshop/pg';
import { expectInvariants } from '../support/expect-invariants.js';
import { holdBeforeDeduct, openPayment, place, teapots, untilStatus } from '@rocketshop/shop-testkit';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { callBack, paidEvent } from './provider-callbacks.js';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start({
    env: {
      pay: { REFUND_INTERVAL_MS: '100000000', PROVIDER_TIMEOUT_MS: '1000' },
    },
  });
  await recordTransitions(shop);
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const STATUSES = ['PENDING', 'CONFIRMED', 'PAID', 'CANCELLING', 'CANCELLED'] as const satisfies OrderStatus[];

/** Inserts an order with `status` into order's database only. All its times are over. */
async function orderIn(status: OrderStatus): Promise<string> {
  const orderId = randomUUID();
  await shop.rows(
    'order',
    `INSERT INTO orders (order_id, user_id, status, currency, total, discount, balance_used, payable, idempotency_key,
                         created_at, abandon_at, close_at, cancel_sent_at)
     VALUES ($1, 'ada', $2, 'EUR', 1250, 0, 0, 1250, $3, now(), now() - interval '1 day', now() - interval '1 day', now())`,
    [orderId, status, orderId],
  );
  await shop.rows(
    'order',
    `INSERT INTO order_items (order_id, goods_id, name, quantity, unit_price) VALUES ($1, 'teapot', 'Teapot', 1, 1250)`,
    [orderId],
  );
  await shop.rows(
    'order',
    `INSERT INTO idempotency_keys (buyer_id, route, key, fingerprint, resource_id) VALUES ('ada', 'story', $1, '', $1)`,
    [orderId],
  );
  return orderId;
}

const timer = (orderId: string) => ({ version: 1, orderId });
const answered = (orderId: string, participant: string) => ({
  version: 1,
  orderId,
  participant,
  outcome: 'FENCED',
  compensatedAt: new Date().toISOString(),
});

/** Everything that may change an order besides its own flow. */
const TRIGGERS: Readonly<Record<string, (orderId: string) => Promise<unknown>>> = {
  'the abandon timer': (orderId) => shop.part('order', AbandonOrderConsumer).timeIsUp(timer(orderId)),
  'the close timer': (orderId) => shop.part('order', CloseUnpaidConsumer).timeIsUp(timer(orderId)),
  'the sweeper': () => shop.part('order', OrdersSweeper).sweep(),
  'the buyer': (orderId) => shop.buyer().cancelOrder(orderId),
  'a payment': (orderId) =>
    shop.part('order', RecordPaymentConsumer).record({
      ...timer(orderId),
      paymentId: randomUUID(),
      amount: '1250',
      currency: 'EUR',
      paidAt: new Date().toISOString(),
    }),
  'the last of four answers': async (orderId) => {
    const consumer = shop.part('order', FinishCancelConsumer);
    for (const who of PARTICIPANTS) await consumer.countAnswer(answered(orderId, who));
  },
};

/** The transition table of an order. A change that is not in it does not happen. */
const ORDER_TABLE: Readonly<Record<string, Partial<Record<OrderStatus, OrderStatus>>>> = {
  'the abandon timer': { PENDING: 'CANCELLING' },
  'the close timer': { CONFIRMED: 'CANCELLING' },
  'the sweeper': { PENDING: 'CANCELLING', CONFIRMED: 'CANCELLING' },
  'the buyer': { CONFIRMED: 'CANCELLING' },
  'a payment': { CONFIRMED: 'PAID' },
  'the last of four answers': { CANCELLING: 'CANCELLED' },
};

describe.each(Object.keys(TRIGGERS))('%s', (trigger) => {
  it.each(STATUSES)('meets an order that is %s', async (status) => {
    const orderId = await orderIn(status);
    const [outcome] = await Promise.allSettled([TRIGGERS[trigger]!(orderId)]);
    const expected = ORDER_TABLE[trigger]?.[status];
    // The real participants may already have answered and caused a second transition, so only the first one counts.
    const [first] = await transitionsOf(shop, orderId);
    expect(first).toBe(expected && `${status} -> ${expected}`);
    const isEarly = trigger === 'a payment' && status === 'PENDING';
    expect(outcome?.status === 'rejected' && outcome.reason instanceof PaymentBeforeConfirmError).toBe(isEarly);
    await forget(orderId);
  });
});

/** Deletes an order that only this test could bring into its state, so that it breaks no invariant at the end. */
async function forget(orderId: string): Promise<void> {
  await shop.rows('order', 'DELETE FROM orders WHERE order_id = $1', [orderId]);
  await shop.rows('order', 'DELETE FROM idempotency_keys WHERE resource_id = $1', [orderId]);
}

describe('the confirm of a flow', () => {
  it.each(['CONFIRMED', 'PAID', 'CANCELLING', 'CANCELLED'] as const)(
    'changes nothing of an order that is %s already',
    async (status) => {
      const held = await holdBeforeDeduct(shop, () => shop.buyer().placeOrder(teapots()));
      const { orderId } = held;
      const reason = status.startsWith('CANCEL') ? 'FLOW_LOST' : null;
      await shop.rows('order', 'UPDATE orders SET status = $2, cancel_reason = $3 WHERE order_id = $1', [
        orderId,
        status,
        reason,
      ]);
      const answer = await held.goOn();
      expect((await orderRow(shop, orderId))['status']).toBe(status);
      expect([answer.status, answer.body.code]).toEqual(reason ? [410, 'ORDER_UNDONE'] : [201, undefined]);

      await shop.rows(
        'order',
        `UPDATE orders SET status = 'PENDING', cancel_reason = NULL, abandon_at = now() WHERE order_id = $1`,
        [orderId],
      );
      await shop.part('order', AbandonOrderConsumer).timeIsUp(timer(orderId));
      await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    },
  );
});

type PaymentState = 'no payment' | 'CREATED' | 'PAYING' | 'PAID' | 'CLOSED' | 'FENCED';

/** Brings the payment of an order into a state by the normal requests. */
async function paymentIn(state: PaymentState): Promise<{ orderId: string; payment: PaymentAnswer | undefined }> {
  const ada = shop.buyer();
  const { orderId } = await place(ada);
  if (state === 'CREATED') {
    shop.providerProxy.partition();
    await ada.openPayment(orderId);
    shop.heal();
  } else if (state !== 'no payment' && state !== 'FENCED') await openPayment(ada, orderId);
  const [payment] = (await ada.listPayments(orderId)).body;
  if (state === 'PAID' && payment) {
    await callBack(shop, paidEvent(payment));
    await untilStatus(ada, orderId, 'PAID');
  }
  if (state === 'CLOSED' || state === 'FENCED') {
    await ada.cancelOrder(orderId);
    await untilStatus(ada, orderId, 'CANCELLED');
  }
  return { orderId, payment };
}

/** The transition table of a payment: opening it, money for it, and closing it. */
const PAYMENT_TABLE: readonly [PaymentState, string, string | undefined, string][] = [
  ['no payment', 'PAYING', undefined, 'CLOSED'],
  ['CREATED', 'PAYING', 'PAID', 'CLOSED'],
  ['PAYING', 'PAYING', 'PAID', 'CLOSED'],
  ['PAID', 'ORDER_NOT_PAYABLE', 'REFUNDING', 'ALREADY_PAID'],
  ['CLOSED', 'ORDER_NOT_PAYABLE', 'REFUNDING', 'CLOSED'],
  ['FENCED', 'ORDER_NOT_PAYABLE', undefined, 'CLOSED'],
];

describe.each(PAYMENT_TABLE)('pay, with %s', (state, opened, money, closed) => {
  it(`opens it: ${opened}`, async () => {
    const { orderId } = await paymentIn(state);
    const { body } = await shop.buyer().openPayment(orderId);
    expect(body.code ?? body.status).toBe(opened);
    expect(
      (await shop.buyer().listPayments(orderId)).body.filter(({ status }) => status !== 'CLOSED').length,
    ).toBeLessThanOrEqual(1);
  });

  if (money !== undefined) {
    it(`takes money for it: ${money}`, async () => {
      const { orderId, payment } = await paymentIn(state);
      expect((await callBack(shop, paidEvent(payment!))).body.outcome).toBe(money);
      if (money === 'PAID') await untilStatus(shop.buyer(), orderId, 'PAID');
      // The provider did not take this money, so it cannot pay it back.
      else await shop.rows('pay', 'DELETE FROM refunds WHERE order_id = $1', [orderId]);
    });
  }

  it(`closes it: ${closed}, and says so again`, async () => {
    const { orderId } = await paymentIn(state);
    const rpc = shop.part('pay', ClosePaymentRpc);
    const first = await rpc.close({ orderId }, deadlineIn(10_000));
    expect(first).toMatchObject({ ok: true, outcome: closed });
    expect(await rpc.close({ orderId }, deadlineIn(10_000))).toEqual(first);
    if (closed === 'CLOSED') {
      await shop.buyer().cancelOrder(orderId);
      await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    }
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants({ databaseUrls: shop.databaseUrls }));
