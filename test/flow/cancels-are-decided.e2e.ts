import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CloseUnpaidConsumer, OrdersSweeper, STATEMENTS } from '@rocketshop/order';
import {
  createGate,
  loseCommit,
  openPayment,
  place,
  until,
  untilPaymentIs,
  untilStatus,
  withhold,
} from '@rocketshop/shop-testkit';
import type { OrderAnswer, PaymentAnswer, Verdict } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { Metrics } from '@rocketshop/service-defaults';
import { expectInvariants } from '../support/expect-invariants.js';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

const CANCELLED = ['PENDING -> CONFIRMED', 'CONFIRMED -> CANCELLING', 'CANCELLING -> CANCELLED'];
const PAID = ['PENDING -> CONFIRMED', 'CONFIRMED -> PAID'];

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start({ env: { order: { RPC_TIMEOUT_MS: '1000' } } });
  await recordTransitions(shop);
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const timer = (orderId: string) => shop.part('order', CloseUnpaidConsumer).timeIsUp({ version: 1, orderId });
const sweep = () => shop.part('order', OrdersSweeper).sweep();
/** Ends the time to pay, for the timer and for the sweeper. */
const expire = (orderId: string) =>
  shop.rows('order', `UPDATE orders SET close_at = now() - interval '1 hour' WHERE order_id = $1`, [orderId]);
/** Does what a while of waiting does for the order's next attempt. */
const letTimePass = (orderIds: string | readonly string[], time: string) =>
  shop.rows(
    'order',
    `UPDATE orders SET cancel_requested_at = cancel_requested_at - $2::interval, cancel_sent_at = cancel_sent_at - $2::interval,
                       next_attempt_at = next_attempt_at - $2::interval WHERE order_id = ANY ($1)`,
    [[orderIds].flat(), time],
  );
/** The sweep itself has decided. The close timer, some seconds later, would decide as well. */
async function untilUndone(orderId: string): Promise<void> {
  expect((await shop.buyer().readOrder(orderId)).body.status).toMatch(/^CANCELL/);
  await untilStatus(shop.buyer(), orderId, 'CANCELLED');
}
const cancelsOf = async (orderId: string) =>
  (await shop.rows('order', `SELECT FROM outbox WHERE order_key = $1 AND topic = 'order-cancelled'`, [orderId])).length;

describe('a paid order whose message payment-succeeded is lost for good', () => {
  /** Pays an order, and loses the message about it. */
  async function paidUnheard(): Promise<{ order: OrderAnswer; payment: PaymentAnswer }> {
    const ada = shop.buyer();
    const order = await place(ada);
    const payment = await openPayment(ada, order.orderId);
    await withhold(shop, 'pay', 'payment-succeeded');
    await ada.pay(payment);
    await untilPaymentIs(ada, payment, 'PAID');
    await shop.rows('pay', 'DROP TRIGGER withhold ON outbox');
    return { order, payment };
  }

  it.each([
    ['the close timer', async (orderId: string) => expire(orderId).then(() => timer(orderId))],
    ['the sweeper', async (orderId: string) => expire(orderId).then(() => sweep())],
    [
      'the buyer who cancels, and he is told so,',
      async (orderId: string) => {
        const { status, body } = await shop.buyer().cancelOrder(orderId);
        expect([status, body.code]).toEqual([409, 'ORDER_ALREADY_PAID']);
      },
    ],
  ])('is PAID as soon as %s asks pay', async (_who, ask) => {
    const { order, payment } = await paidUnheard();
    await ask(order.orderId);
    expect((await shop.buyer().readOrder(order.orderId)).body.status).toBe('PAID');
    expect(await orderRow(shop, order.orderId)).toMatchObject({ payment_id: payment.paymentId });
    expect(await transitionsOf(shop, order.orderId)).toEqual(PAID);
  });

  it('is PAID as soon as the buyer wants to pay again', async () => {
    const { order, payment } = await paidUnheard();
    const again = await openPayment(shop.buyer(), order.orderId);
    expect(again).toMatchObject({ paymentId: payment.paymentId, status: 'PAID' });
    await untilStatus(shop.buyer(), order.orderId, 'PAID');
  });
});

describe('a cancel that pay does not answer', () => {
  /** The buyer cancels, and pay's answer does not come. */
  async function undecided(): Promise<OrderAnswer> {
    const order = await place(shop.buyer());
    shop.rpcProxies.pay.partition();
    const { status, body } = await shop.buyer().cancelOrder(order.orderId);
    expect([status, body.status]).toEqual([202, 'CONFIRMED']);
    expect(body).toMatchObject({ cancelRequestedAt: expect.any(String) });
    return body;
  }

  it('is kept, shown to the buyer, and carried out when pay is back, whatever the buyer does', async () => {
    const { orderId } = await undecided();
    shop.heal();
    expect((await shop.buyer().readOrder(orderId)).body).toMatchObject({ cancelRequestedAt: expect.any(String) });
    await letTimePass(orderId, '1 hour');
    await sweep();
    await untilUndone(orderId);
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: 'BUYER_CANCELLED', cancelled_by: 'buyer' });
    expect(await transitionsOf(shop, orderId)).toEqual(CANCELLED);
  });

  it('ends at once when the buyer asks again after pay is back', async () => {
    const { orderId } = await undecided();
    shop.heal();
    expect((await shop.buyer().cancelOrder(orderId)).body.status).toBe('CANCELLING');
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
  });

  it('lets nobody begin to pay the order', async () => {
    const { orderId } = await undecided();
    const { status, body } = await shop.buyer().openPayment(orderId);
    expect([status, body.code]).toEqual([409, 'ORDER_BEING_CANCELLED']);
    shop.heal();
    await shop.buyer().cancelOrder(orderId);
  });

  it('leads to PAID when the money was first', async () => {
    const ada = shop.buyer();
    const order = await place(ada);
    const payment = await openPayment(ada, order.orderId);
    shop.rpcProxies.pay.partition();
    expect((await ada.cancelOrder(order.orderId)).status).toBe(202);
    await ada.pay(payment);
    await untilStatus(ada, order.orderId, 'PAID');
    shop.heal();
    expect((await ada.cancelOrder(order.orderId)).body.code).toBe('ORDER_ALREADY_PAID');
    expect(await transitionsOf(shop, order.orderId)).toEqual(PAID);
  });

  it('is carried out though pay closed the payment long after order had stopped waiting', async () => {
    const order = await place(shop.buyer());
    await openPayment(shop.buyer(), order.orderId);
    const thawed = createGate();
    shop.rpcProxies.pay.use(async ({ direction, bytes }): Promise<Verdict> => {
      if (direction === 'request' && bytes.includes('close-payment')) await thawed.opened;
      return 'pass';
    });
    expect((await shop.buyer().cancelOrder(order.orderId)).body.status).toBe('CONFIRMED');
    thawed.open();
    await letTimePass(order.orderId, '1 hour');
    await sweep();
    await untilUndone(order.orderId);
  });

  it('of the close timer is kept as well, and the order counts as unpaid', async () => {
    const { orderId } = await place(shop.buyer());
    await expire(orderId);
    shop.rpcProxies.pay.loseAnswers();
    await expect(timer(orderId)).rejects.toThrow(/pay/);
    shop.heal();
    expect((await shop.buyer().openPayment(orderId)).body.code).toBe('ORDER_BEING_CANCELLED');
    await letTimePass(orderId, '1 hour');
    await sweep();
    await untilUndone(orderId);
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: 'UNPAID', cancelled_by: 'timer' });
  });
});

describe('a commit whose answer is lost', () => {
  it.each([
    ['of the cancel', 'after', "SET status = 'CANCELLING'"],
    ['of the cancel', 'before', "SET status = 'CANCELLING'"],
    ['of the request to cancel', 'after', 'SET cancel_requested_at'],
    ['of the request to cancel', 'before', 'SET cancel_requested_at'],
  ] as const)('%s, %s it was committed: the buyer is told what the row says', async (_what, when, statement) => {
    const { orderId } = await place(shop.buyer());
    const lost = loseCommit(shop.databaseProxies.order, statement, when);
    const { status, body } = await shop.buyer().cancelOrder(orderId);
    expect([lost.happened, status, body.status]).toEqual([true, 202, 'CANCELLING']);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect([await transitionsOf(shop, orderId), await cancelsOf(orderId)]).toEqual([CANCELLED, 1]);
  });

  it('of the cancel, and then the whole database is away: the buyer hears of no outcome, and the row has one', async () => {
    const { orderId } = await place(shop.buyer());
    const proxy = shop.databaseProxies.order;
    loseCommit(proxy, "SET status = 'CANCELLING'", 'after', () => proxy.partition());
    const { status, body, headers } = await shop.buyer().cancelOrder(orderId);
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'CANCEL_UNDECIDED', '1']);
    proxy.heal();
    expect((await shop.buyer().cancelOrder(orderId)).status).toBe(202);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
  });

  it.each(['before', 'after'] as const)(
    'of the payment, %s it was committed: the payment counts once',
    async (when) => {
      const ada = shop.buyer();
      const { orderId } = await place(ada);
      const payment = await openPayment(ada, orderId);
      const lost = loseCommit(shop.databaseProxies.order, 'record-payment', when);
      await ada.pay(payment);
      await untilStatus(ada, orderId, 'PAID');
      expect(lost.happened).toBe(true);
      expect(await transitionsOf(shop, orderId)).toEqual(PAID);
    },
  );

  it.each(['before', 'after'] as const)('of a payment that is opened, %s it was committed: 201', async (when) => {
    const { orderId } = await place(shop.buyer());
    const key = randomUUID();
    const lost = loseCommit(shop.databaseProxies.pay, 'set-charge', when);
    const { status, body } = await shop.buyer().openPayment(orderId, key);
    expect([lost.happened, status, body.status]).toEqual([true, 201, 'PAYING']);
    expect((await shop.buyer().openPayment(orderId, key)).body).toEqual(body);
    await shop.buyer().cancelOrder(orderId);
  });
});

describe('orders that the sweeper cannot help', () => {
  const HELPLESS = 120;

  /** Overdue orders, older than any other, of which pay says in vain that they are paid: there is no such payment. */
  async function helpless(): Promise<string[]> {
    const ids = Array.from({ length: HELPLESS }, () => randomUUID());
    await shop.rows(
      'order',
      `INSERT INTO orders (order_id, user_id, status, currency, total, discount, balance_used, payable, idempotency_key,
                           created_at, abandon_at, confirmed_at, close_at)
       SELECT id, 'nobody', 'CONFIRMED', 'EUR', 1, 0, 0, 1, id, now(), now(), now(), now() - interval '1 day'
         FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    await shop.rows('pay', `INSERT INTO payment_orders (order_id, status) SELECT unnest($1::uuid[]), 'PAID'`, [ids]);
    return ids;
  }

  it('keep it from no other order, and come less and less often', async () => {
    const ids = await helpless();
    for (const attempts of [0, 1, 2]) {
      const { orderId } = await place(shop.buyer());
      await expire(orderId);
      await sweep();
      await untilStatus(shop.buyer(), orderId, 'CANCELLED');
      const tried = await shop.rows('order', 'SELECT DISTINCT attempts FROM orders WHERE order_id = ANY ($1)', [ids]);
      expect(tried).toEqual([{ attempts }]);
      await letTimePass(ids, '1 hour');
    }
    await shop.rows('order', 'DELETE FROM orders WHERE order_id = ANY ($1)', [ids]);
    await shop.rows('pay', 'DELETE FROM payment_orders WHERE order_id = ANY ($1)', [ids]);
  });

  it('because a participant is down, get a few more cancels in the first hour, and one an hour later on', async () => {
    const order = await place(shop.buyer());
    const silence = await withhold(shop, 'coupon', 'order-compensated');
    await shop.buyer().cancelOrder(order.orderId);
    const repeats: number[] = [];
    for (let hour = 1; hour <= 3; hour++) {
      const before = await cancelsOf(order.orderId);
      // The time scale of this shop makes three seconds of five minutes.
      for (let minute = 0; minute < 60; minute += 5) {
        await letTimePass(order.orderId, '3 seconds');
        await sweep();
      }
      repeats.push((await cancelsOf(order.orderId)) - before);
    }
    expect(repeats[0]).toBeLessThanOrEqual(5);
    expect(repeats[0]).toBeGreaterThan(1);
    expect(repeats.slice(1).every((count) => count <= 1)).toBe(true);
    await silence.release();
    await untilStatus(shop.buyer(), order.orderId, 'CANCELLED');
  });
});

describe('what the metrics tell', () => {
  const metric = async (line: string) => {
    const text = await shop.part('order', Metrics).text();
    return Number(
      text
        .split('\n')
        .find((candidate) => candidate.startsWith(line))
        ?.split(' ')[1],
    );
  };

  it('the orders that are not final, the cancels that wait, and for whom', async () => {
    const silence = await withhold(shop, 'coupon', 'order-compensated');
    const order = await place(shop.buyer());
    await shop.buyer().cancelOrder(order.orderId);
    const waiting = async () => [
      await metric('order_cancels_waiting{participant="coupon"'),
      await metric('order_cancels_waiting{participant="stock"'),
    ];
    await until(async () => String(await waiting()) === '1,0', { description: 'all but coupon to have answered' });
    expect(await metric('order_open_orders{status="CANCELLING"')).toBe(1);
    expect(await metric('order_open_oldest_seconds{status="CANCELLING"')).toBeGreaterThan(0);
    expect(await metric('order_status_reached_total{status="PAID"')).toBeGreaterThan(0);
    expect(await metric('idempotency_requests_total{outcome="new"')).toBeGreaterThan(0);
    await silence.release();
    await untilStatus(shop.buyer(), order.orderId, 'CANCELLED');
  });

  it.each([
    [
      'the orders that are not final',
      STATEMENTS.COUNT_OPEN_ORDERS,
      [],
      /orders_pending.*orders_unpaid.*orders_cancel_requested.*orders_cancelling/s,
    ],
    ['the cancels that wait', STATEMENTS.COUNT_WAITING_CANCELS, [['stock']], /orders_cancelling/],
    ['abandoned orders', STATEMENTS.CLAIM_ABANDONED, [1, 1], /orders_pending/],
    ['unpaid orders', STATEMENTS.CLAIM_UNPAID, [1, 1], /orders_unpaid/],
    ['cancels that pay has not answered', STATEMENTS.CLAIM_CANCEL_REQUESTS, [1, 1], /orders_cancel_requested/],
    ['cancels that are not answered', STATEMENTS.CLAIM_UNANSWERED_CANCELS, [1, 1], /orders_cancelling/],
  ])('%s are found by an index that has no finished order', async (_what, { text }, values, indexes) => {
    const client = await shop.pools.order.connect();
    try {
      await client.query('BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
      await client.query('ROLLBACK');
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toMatch(indexes);
      expect(plan).not.toMatch(/Seq Scan/);
    } finally {
      client.release();
    }
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
