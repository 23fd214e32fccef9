import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { expectInvariants } from '../support/expect-invariants.js';
import { holdAnswers, holdLock, openPayment, place, until } from '@rocketshop/shop-testkit';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { callBack, paidEvent, paidMessages, recordedEvent } from './provider-callbacks.js';
import type { CallbackEvent } from './provider-callbacks.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

/** How often pay sends each of these statements from now on: once for each time that it decides. */
function countDecisions(): Readonly<Record<'set-charge' | 'record-event', number>> {
  const counts = { 'set-charge': 0, 'record-event': 0 };
  shop.databaseProxies.pay.use(({ direction, bytes }) => {
    if (direction === 'answer') return 'pass';
    for (const statement of ['set-charge', 'record-event'] as const) {
      // A Bind names the portal, which has no name here, and then the statement: each ends with a zero byte.
      if (bytes.includes(`\0${statement}\0`)) counts[statement]++;
    }
    return 'pass';
  });
  return counts;
}

const newPayment = async () => openPayment(shop.buyer(), (await place(shop.buyer())).orderId);
const paymentOf = async ({ paymentId }: Pick<PaymentAnswer, 'paymentId'>) => {
  const { refunds, ...payment } = (await shop.buyer().readPayment(paymentId)).body;
  return { payment, refunds };
};

/** A payment whose charge pay does not know of: its row and its fence are there. */
async function createdOnly(): Promise<PaymentAnswer> {
  const ada = shop.buyer();
  const { orderId } = await place(ada);
  shop.providerProxy.use(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
  const { status, body } = await ada.openPayment(orderId);
  expect([status, body.code]).toEqual([503, 'PROVIDER_UNAVAILABLE']);
  shop.heal();
  const [created] = (await ada.listPayments(orderId)).body;
  if (created?.status !== 'CREATED') throw new Error(`the payment of ${orderId} is ${created?.status}`);
  return created;
}

describe('opening a payment', () => {
  it('answers what every later look finds', async () => {
    const { orderId } = await place(shop.buyer());
    const opened = await openPayment(shop.buyer(), orderId);
    const again = await openPayment(shop.buyer(), orderId);
    expect(again).toEqual(opened);
    expect((await paymentOf(opened)).payment).toEqual(opened);
  });

  it('after a crash at the provider goes on with the same payment', async () => {
    const { orderId, paymentId } = await createdOnly();
    const opened = await openPayment(shop.buyer(), orderId);
    expect(opened).toMatchObject({ paymentId, status: 'PAYING' });
    expect((await paymentOf(opened)).payment).toEqual(opened);
    expect(await openPayment(shop.buyer(), orderId)).toEqual(opened);
  });

  it('twice at once, both with a charge in hand: one is refused, decides again, and answers the same', async () => {
    const { orderId } = await createdOnly();
    const held = holdAnswers(shop.providerProxy);
    const opening = [shop.buyer(), shop.buyer()].map((tab) => openPayment(tab, orderId));
    await held.reached(2);
    const decisions = countDecisions();
    held.release();
    const [one, two] = await Promise.all(opening);
    expect(one).toEqual(two);
    expect(decisions['set-charge']).toBeGreaterThanOrEqual(2);
  });

  it('of two orders under one key at once: one is answered, the other refused, and nothing of it stays', async () => {
    const orders = [await place(shop.buyer()), await place(shop.buyer())];
    const key = randomUUID();
    const held = holdAnswers(shop.providerProxy);
    const opening = orders.map(({ orderId }) => shop.buyer().openPayment(orderId, key));
    await held.reached(2);
    held.release();
    const answers = await Promise.all(opening);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 422]));
    const refused = orders[answers.findIndex(({ status }) => status === 422)];
    const [payment] = (await shop.buyer().listPayments(refused?.orderId ?? '')).body;
    expect(payment).toMatchObject({ status: 'CREATED', payUrl: null });
  });

  it('that is paid before it is answered decides again, and answers PAID', async () => {
    const { orderId, payable } = await place(shop.buyer());
    const held = holdAnswers(shop.providerProxy);
    const opening = openPayment(shop.buyer(), orderId);
    await held.reached();
    const [created] = (await shop.buyer().listPayments(orderId)).body;
    const decisions = countDecisions();
    const { body } = await callBack(shop, paidEvent({ paymentId: created?.paymentId ?? '', orderId, amount: payable }));
    expect(body.outcome).toBe('PAID');
    held.release();
    const opened = await opening;
    expect(opened.status).toBe('PAID');
    expect(decisions['set-charge']).toBe(2);
    expect((await paymentOf(opened)).payment).toEqual(opened);
  });
});

/** What a callback has left in pay's database, without what differs from one payment to the next. */
async function traceOf(event: CallbackEvent): Promise<unknown> {
  const [trace] = await shop.rows(
    'pay',
    `SELECT payment_orders.status AS fence, payments.status AS payment, payment_events.outcome AS event,
            payment_events.body = $2::jsonb AS "isBodyKept", payments.provider_txn_id = $3 AS "isTransactionKept",
            outbox.topic, outbox.tag, outbox.order_key = payments.order_id::text AS "isKeyOrder",
            outbox.payload::jsonb = jsonb_build_object(
              'version', 1, 'orderId', payments.order_id, 'paymentId', payment_id, 'currency', currency,
              'amount', amount::text, 'paidAt', to_char(paid_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            ) AS "isPayloadTheRow"
       FROM payments JOIN payment_orders USING (order_id)
       JOIN payment_events ON event_id = $1 JOIN outbox ON outbox.order_key = payments.order_id::text
      WHERE payment_id = $4`,
    [event['eventId'], JSON.stringify(event), event['providerTxnId'], event['paymentId']],
  );
  return trace;
}

describe('a callback', () => {
  it('leaves the same, whether it is new or was refused before', async () => {
    const fresh = paidEvent(await newPayment());
    expect((await callBack(shop, fresh)).body.outcome).toBe('PAID');

    const again = paidEvent(await newPayment());
    const refused = `INSERT INTO payment_events (event_id, outcome, body) VALUES ($1, 'UNKNOWN_PAYMENT', $2)`;
    await shop.rows('pay', refused, [again['eventId'], again]);
    expect((await callBack(shop, again)).body.outcome).toBe('PAID');

    const trace = await traceOf(fresh);
    expect(trace).toMatchObject({ fence: 'PAID', payment: 'PAID', event: 'PAID', topic: 'payment-succeeded' });
    expect(trace).toMatchObject({ isBodyKept: true, isTransactionKept: true, isKeyOrder: true, isPayloadTheRow: true });
    expect(await traceOf(again)).toEqual(trace);
  });

  const closeAll = async ({ orderId }: PaymentAnswer) => void (await shop.buyer().cancelOrder(orderId));
  const useUp = (table: 'payments' | 'refunds') => async (_payment: PaymentAnswer, event: CallbackEvent) => {
    const other = await newPayment();
    if (table === 'refunds') expect((await callBack(shop, paidEvent(other))).status).toBe(200);
    const { providerTxnId = '' } = event;
    await callBack(shop, paidEvent(other, { providerTxnId }));
  };
  type Obstacle = (payment: PaymentAnswer, event: CallbackEvent) => Promise<void>;
  const nothing: Obstacle = () => Promise.resolve();

  it.each<[string, CallbackEvent, Obstacle, string]>([
    ['another amount', { amount: '1249' }, nothing, 'WRONG_AMOUNT'],
    ['another currency', { currency: 'USD' }, nothing, 'WRONG_CURRENCY'],
    ['another order', { orderId: randomUUID() }, nothing, 'WRONG_ORDER'],
    ['an unknown payment', { paymentId: randomUUID() }, nothing, 'UNKNOWN_PAYMENT'],
    ['a closed fence', {}, closeAll, 'REFUNDING'],
    ['money that has paid another payment', {}, useUp('payments'), 'WRONG_TRANSACTION'],
    ['money that goes back to another payment', {}, useUp('refunds'), 'WRONG_TRANSACTION'],
  ])('with %s changes no payment, and its outcome is recorded', async (_what, changes, obstruct, outcome) => {
    const payment = await newPayment();
    const event = paidEvent(payment, changes);
    await obstruct(payment, event);
    const before = await paymentOf(payment);
    const { status, body } = await callBack(shop, event);
    expect(status === 200 ? body.outcome : body.code).toBe(outcome);
    expect(await recordedEvent(shop, event)).toEqual({ outcome, deliveries: 1 });
    expect((await paymentOf(payment)).payment).toEqual(before.payment);
    expect(await paidMessages(shop, payment.orderId)).toBe(0);
    await shop.rows('pay', `DELETE FROM refunds WHERE status = 'REQUESTED' AND provider_txn_id = $1`, [
      event['providerTxnId'],
    ]);
  });

  it.each([
    ['of another merchant', { merchantId: 'somebody-else' }, 'WRONG_MERCHANT'],
    ['of a payment that cannot be ours', { paymentId: 'p' }, 'UNKNOWN_PAYMENT'],
    ['of an order that cannot be ours', { orderId: 'o' }, 'WRONG_ORDER'],
    ['of a refund', { type: 'refund.succeeded' }, 'REFUND_NOTED'],
  ])('%s is decided at once', async (_what, changes, outcome) => {
    const event = paidEvent(await newPayment(), changes);
    const { status, body } = await callBack(shop, event);
    expect(status === 200 ? body.outcome : body.code).toBe(outcome);
  });
});

/** Resolves when a session of pay's database waits for this kind of lock in this statement. */
const untilPayWaits = (kind: string, statement: string) =>
  until(
    async () => {
      const sql = `SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1 AND query LIKE $2`;
      return (await shop.rows('pay', sql, [kind, `${statement}%`])).length > 0;
    },
    { description: `a session to wait for the ${kind} lock` },
  );

it('counts the money of one transaction once, when callbacks for two payments tell of it at the same moment', async () => {
  const [paid, closed] = [await newPayment(), await newPayment()];
  await shop.buyer().cancelOrder(closed.orderId);
  const first = paidEvent(paid);
  const second = paidEvent(closed, { providerTxnId: String(first['providerTxnId']) });
  // The first callback has written everything but its message.
  const outbox = await holdLock(shop.pools.pay, 'LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE');
  try {
    const counting = callBack(shop, first);
    await untilPayWaits('relation', 'INSERT INTO outbox');
    const refunding = callBack(shop, second);
    await untilPayWaits('advisory', 'SELECT pg_advisory_xact_lock');
    await outbox.release();
    expect((await counting).body.outcome).toBe('PAID');
    expect((await refunding).body.code).toBe('WRONG_TRANSACTION');
    expect((await paymentOf(closed)).refunds).toEqual([]);
  } finally {
    await outbox.release();
  }
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants({ databaseUrls: shop.databaseUrls }));
