import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CloseUnpaidConsumer } from '@rocketshop/order';
import { ClosePaymentConsumer, RefundsSweeper } from '@rocketshop/pay';
import {
  holdAnswers,
  loseCommit,
  openPayment,
  place,
  raceAtLock,
  request,
  until,
  untilRefunded,
  untilStatus,
} from '@rocketshop/shop-testkit';
import { InProcessShop, MERCHANT_KEY } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { callBack, paidEvent, paidMessages } from './provider-callbacks.js';
import { recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

const LOCK_FENCE = 'SELECT FROM payment_orders WHERE order_id = $1 FOR UPDATE';
const PAID = ['PENDING -> CONFIRMED', 'CONFIRMED -> PAID'];
const CANCELLED = ['PENDING -> CONFIRMED', 'CONFIRMED -> CANCELLING', 'CANCELLING -> CANCELLED'];

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start({ env: { pay: { REFUND_INTERVAL_MS: '50' } } });
  await recordTransitions(shop);
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

/** The provider has the money and has not called back yet. @returns the callback that will come */
async function takeMoneySilently(): Promise<{ orderId: string; paymentId: string; event: Record<string, string> }> {
  const ada = shop.buyer();
  const { orderId } = await place(ada);
  const payment = await openPayment(ada, orderId);
  const { body } = await ada.pay(payment, { silent: true });
  const [transaction] = body['transactions'] as { providerTxnId: string }[];
  const event = paidEvent(payment, { providerTxnId: transaction?.providerTxnId ?? '' });
  return { orderId, paymentId: payment.paymentId, event };
}

const CLOSERS = {
  buyer: (orderId: string) => shop.buyer().cancelOrder(orderId),
  timer: async (orderId: string) => {
    await shop.part('order', CloseUnpaidConsumer).timeIsUp({ version: 1, orderId });
    return undefined;
  },
} as const;

describe.each(['buyer', 'timer'] as const)('a payment against a close by the %s, both at the fence', (by) => {
  it('is first: PAID, the close hears ALREADY_PAID and gives up', async () => {
    const { orderId, event } = await takeMoneySilently();
    await shop.rows('order', 'UPDATE orders SET close_at = now() WHERE order_id = $1', [orderId]);
    const [paid, closed] = await raceAtLock(
      shop.pools.pay,
      { sql: LOCK_FENCE, values: [orderId] },
      () => callBack(shop, event),
      () => CLOSERS[by](orderId),
    );
    expect(paid).toMatchObject({ value: { status: 200, body: { outcome: 'PAID' } } });
    expect(closed.status).toBe('fulfilled');
    expect(closed).toMatchObject(
      by === 'buyer' ? { value: { status: 409, body: { code: 'ORDER_ALREADY_PAID' } } } : {},
    );
    await untilStatus(shop.buyer(), orderId, 'PAID');
    expect(await transitionsOf(shop, orderId)).toEqual(PAID);
  });

  it('is second: the order is cancelled, the payment CLOSED, and the money goes back', async () => {
    const { orderId, paymentId, event } = await takeMoneySilently();
    await shop.rows('order', 'UPDATE orders SET close_at = now() WHERE order_id = $1', [orderId]);
    shop.providerProxy.partition(); // Else the close would see the money.
    const [closed, paid] = await raceAtLock(
      shop.pools.pay,
      { sql: LOCK_FENCE, values: [orderId] },
      () => CLOSERS[by](orderId),
      () => callBack(shop, event),
    );
    expect(closed.status).toBe('fulfilled');
    expect(paid).toMatchObject({ value: { status: 200, body: { outcome: 'REFUNDING' } } });
    shop.heal();
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await transitionsOf(shop, orderId)).toEqual(CANCELLED);
    expect(await untilRefunded(shop.buyer(), { paymentId })).toEqual(['LATE']);
    expect((await shop.buyer().readPayment(paymentId)).body.status).toBe('CLOSED');
    expect(await paidMessages(shop, orderId)).toBe(0);
  });
});

describe('opening a payment', () => {
  it('twice, in two tabs, at once, on two replicas: one payment', async () => {
    const { orderId } = await place(shop.buyer());
    const replica = shop.urlOf('pay', await shop.startReplica('pay'));
    const tabs = [shop.buyer(), shop.buyer('ada', undefined, { pay: replica })];
    const answers = await Promise.all([...tabs, ...tabs, ...tabs].map((tab) => tab.openPayment(orderId)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.paymentId)).size).toBe(1);
    expect((await shop.buyer().listPayments(orderId)).body).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.payUrl)).size).toBe(1);
  });

  it('again under the same key answers the same, and under the key of another order is refused', async () => {
    const [one, two] = [await place(shop.buyer()), await place(shop.buyer())];
    const key = randomUUID();
    const first = await shop.buyer().openPayment(one.orderId, key);
    const again = await shop.buyer().openPayment(one.orderId, key);
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([201, first.body, 'true']);
    expect((await shop.buyer().openPayment(two.orderId, key)).status).toBe(422);
    const url = `${shop.urls.pay}/payments`;
    const headers = { authorization: `Bearer ${shop.buyer().token}` };
    expect((await request(url, { method: 'POST', body: { orderId: one.orderId }, headers })).status).toBe(400);
    const asked = { orderId: one.orderId, amount: '1' };
    const keyed = { ...headers, 'idempotency-key': `"${randomUUID()}"` };
    expect((await request(url, { method: 'POST', body: asked, headers: keyed })).status).toBe(400);
  });

  it('while the order is closed meanwhile, after order was asked: refused, and there is no payment', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    const held = holdAnswers(shop.rpcProxies.order);
    const opening = ada.openPayment(orderId);
    await held.reached();
    await ada.cancelOrder(orderId);
    held.release();
    const { status, body } = await opening;
    expect([status, body.code]).toEqual([409, 'PAYMENT_CLOSED']);
    expect((await ada.listPayments(orderId)).body).toEqual([]);
  });

  it('while the order is closed meanwhile, after the provider was asked: refused, and what is paid goes back', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    const held = holdAnswers(shop.providerProxy);
    const opening = ada.openPayment(orderId);
    await until(async () => (await ada.listPayments(orderId)).body.length === 1);
    await ada.cancelOrder(orderId);
    held.release();
    expect((await opening).body.code).toBe('PAYMENT_CLOSED');
    const [payment] = (await ada.listPayments(orderId)).body;
    expect(payment?.status).toBe('CLOSED');
  });

  it('while order does not answer: try again', async () => {
    const { orderId } = await place(shop.buyer());
    shop.rpcProxies.order.partition();
    const { status, body, headers } = await shop.buyer().openPayment(orderId);
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'ORDER_UNREACHABLE', '1']);
  });
});

describe('money that comes too late, or twice', () => {
  it.each([
    ['once', { duplicates: 3 }, ['LATE']],
    ['twice', { chargeTwice: true }, ['LATE', 'LATE']],
  ])(
    'is taken %s by the provider after the close, which could not make the charge void: all goes back',
    async (_what, modes, reasons) => {
      const ada = shop.buyer();
      const { orderId } = await place(ada);
      const payment = await openPayment(ada, orderId);
      shop.providerProxy.partition();
      await ada.cancelOrder(orderId);
      await untilStatus(ada, orderId, 'CANCELLED');
      await ada.pay(payment, modes);
      shop.heal();
      expect(await untilRefunded(ada, payment, reasons.length)).toEqual(reasons);
    },
  );

  it.each([false, true])(
    'is charged twice, told in the other order: %p: one pays, one goes back as DOUBLE',
    async (reversed) => {
      const ada = shop.buyer();
      const { orderId } = await place(ada);
      const payment = await openPayment(ada, orderId);
      await ada.pay(payment, { chargeTwice: true, reversed, duplicates: 2 });
      await untilStatus(ada, orderId, 'PAID');
      expect(await untilRefunded(ada, payment)).toEqual(['DOUBLE']);
      expect(await paidMessages(shop, orderId)).toBe(1);
    },
  );

  it('goes back when the provider is there again, however long that takes, asked for once at a time', async () => {
    const ada = shop.buyer();
    const { orderId, paymentId, event } = await takeMoneySilently();
    shop.providerProxy.partition();
    await ada.cancelOrder(orderId);
    expect((await callBack(shop, event)).body.outcome).toBe('REFUNDING');
    const refund = async () =>
      (
        await shop.rows<{ status: string; attempts: number }>('pay', 'SELECT * FROM refunds WHERE order_id = $1', [
          orderId,
        ])
      )[0];
    for (let attempt = 1; attempt <= 3; attempt++) {
      await until(async () => ((await refund())?.attempts ?? 0) >= attempt, { description: `attempt ${attempt}` });
      await shop.rows('pay', 'UPDATE refunds SET next_attempt_at = now() WHERE order_id = $1', [orderId]);
    }
    expect(await refund()).toMatchObject({ status: 'REQUESTED' });
    shop.heal();
    await shop.rows('pay', 'UPDATE refunds SET next_attempt_at = now() WHERE order_id = $1', [orderId]);
    expect(await untilRefunded(ada, { paymentId })).toEqual(['LATE']);
  });

  it('goes back once, though the answer to the refund is lost and two replicas ask', async () => {
    const ada = shop.buyer();
    const { orderId, paymentId, event } = await takeMoneySilently();
    shop.providerProxy.partition();
    await ada.cancelOrder(orderId);
    const replica = await shop.startReplica('pay', { PROVIDER_TIMEOUT_MS: '200' });
    shop.providerProxy.use(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
    await callBack(shop, event);
    await until(
      async () =>
        (await shop.rows('pay', 'SELECT FROM refunds WHERE order_id = $1 AND attempts > 0', [orderId])).length === 1,
    );
    shop.heal();
    await shop.rows('pay', 'UPDATE refunds SET next_attempt_at = now() WHERE order_id = $1', [orderId]);
    await Promise.all([shop.part('pay', RefundsSweeper).sweep(), shop.part('pay', RefundsSweeper, replica).sweep()]);
    expect(await untilRefunded(ada, { paymentId })).toEqual(['LATE']);
    const bill = await request<{ movements?: { kind: string; providerTxnId: string }[] }>(
      `${shop.urls.provider}/provider/bill`,
      { method: 'GET', headers: { 'x-merchant-key': MERCHANT_KEY } },
    );
    expect(JSON.stringify(bill.body).split(event['providerTxnId'] ?? '?').length - 1).toBe(2);
  });
});

describe('pay, told that an order is cancelled', () => {
  const cancelled = (orderId: string) => ({
    version: 1,
    orderId,
    userId: 'ada',
    items: [{ goodsId: 'teapot', quantity: 1 }],
    couponId: null,
    balanceUsed: '0',
    currency: 'EUR',
    reason: 'STEP_FAILED',
    cancelledAt: new Date().toISOString(),
  });
  const tell = (orderId: string, replica = 0) =>
    shop.part('pay', ClosePaymentConsumer, replica).close(cancelled(orderId));
  const answers = async (orderId: string) =>
    (
      await shop.rows<{ outcome: string }>(
        'pay',
        `SELECT payload ->> 'outcome' AS outcome FROM outbox WHERE order_key = $1 AND topic = 'order-compensated' ORDER BY id`,
        [orderId],
      )
    ).map(({ outcome }) => outcome);

  it('fences off an order that it never heard of, and answers every time it is told', async () => {
    const orderId = randomUUID();
    const replica = await shop.startReplica('pay');
    await Promise.all([tell(orderId), tell(orderId, replica), tell(orderId)]);
    expect((await answers(orderId)).toSorted()).toEqual(['FENCED', 'RESTORED', 'RESTORED']);
    const [fence] = await shop.rows<{ status: string }>(
      'pay',
      'SELECT status FROM payment_orders WHERE order_id = $1',
      [orderId],
    );
    expect(fence?.status).toBe('CLOSED');
  });

  it('answers after all, when it is told again, though its first answer was lost on the way into the outbox', async () => {
    const orderId = randomUUID();
    loseCommit(shop.databaseProxies.pay, orderId, 'before');
    await expect(tell(orderId)).rejects.toMatchObject({ code: 'TRANSACTION_OUTCOME_UNKNOWN' });
    expect(await answers(orderId)).toEqual([]);
    await tell(orderId);
    expect(await answers(orderId)).toEqual(['FENCED']);
  });

  it('gives the money back even of an order that was PAID, which only a hand in the database can cancel', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    const payment = await openPayment(ada, orderId);
    await ada.pay(payment);
    await untilStatus(ada, orderId, 'PAID');
    await shop.rows('order', `UPDATE orders SET status = 'CONFIRMED' WHERE order_id = $1`, [orderId]);
    await tell(orderId);
    expect(await untilRefunded(ada, payment)).toEqual(['LATE']);
    expect(await answers(orderId)).toEqual(['RESTORED']);
    await forget(orderId);
  });
});

/** Repairs an order of an impossible state, so that it breaks no invariant at the end. */
const forget = async (orderId: string): Promise<void> => {
  await shop.rows('pay', 'DELETE FROM refunds WHERE order_id = $1', [orderId]);
  await shop.rows('order', `UPDATE orders SET status = 'PAID' WHERE order_id = $1`, [orderId]);
};

it('leaves every item, coupon and cent where it belongs', () => expectInvariants({ databaseUrls: shop.databaseUrls }));
