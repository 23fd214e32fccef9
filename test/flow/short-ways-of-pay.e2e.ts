import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { expectInvariants } from '../support/expect-invariants.js';
import { holdAnswers, openPayment, place, type PaymentAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { callBack, paidEvent, paidMessages, recordedEvent, type CallbackEvent } from './provider-callbacks.js';

jest.setTimeout(60_000);

/** Statements that one of the two ways needs, and neither the other nor anything else in pay. */
const WAYS = {
  'insert-first-payment': 'create, short',
  'select-live-payment': 'create, long',
  'start-paying-or-refuse': 'answer, short',
  'start-paying': 'answer, long',
  'insert-event': 'callback, short',
  'record-event': 'callback, long',
} as const;

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

/** Which ways pay takes from now on, in the order of their beginning. */
function watchWays(): readonly string[] {
  const taken: string[] = [];
  shop.databaseProxies.pay.use(({ direction, bytes }) => {
    if (direction === 'answer') return 'pass';
    for (const [statement, way] of Object.entries(WAYS)) {
      // A Bind names the portal, which has no name here, and then the statement: each ends with a zero byte.
      if (bytes.includes(`\0${statement}\0`)) taken.push(way);
    }
    return 'pass';
  });
  return taken;
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
  it('goes the short way for the first of an order, and answers what every later look finds', async () => {
    const { orderId } = await place(shop.buyer());
    const ways = watchWays();
    const opened = await openPayment(shop.buyer(), orderId);
    expect(ways).toEqual(['create, short', 'answer, short']);
    const again = await openPayment(shop.buyer(), orderId);
    expect(ways.slice(2)).toEqual(['create, short', 'create, long']);
    expect(again).toEqual(opened);
    expect((await paymentOf(opened)).payment).toEqual(opened);
  });

  it('after a crash at the provider goes on with the same payment, and answers the short way all the same', async () => {
    const { orderId, paymentId } = await createdOnly();
    const ways = watchWays();
    const opened = await openPayment(shop.buyer(), orderId);
    expect(ways).toEqual(['create, short', 'create, long', 'answer, short']);
    expect(opened).toMatchObject({ paymentId, status: 'PAYING' });
    expect((await paymentOf(opened)).payment).toEqual(opened);
    expect(await openPayment(shop.buyer(), orderId)).toEqual(opened);
  });

  it('twice at once, both with a charge in hand: one answers the short way, one the long way, both the same', async () => {
    const { orderId } = await createdOnly();
    const held = holdAnswers(shop.providerProxy);
    const opening = [shop.buyer(), shop.buyer()].map((tab) => openPayment(tab, orderId));
    await held.reached(2);
    const ways = watchWays();
    held.release();
    const [one, two] = await Promise.all(opening);
    expect(one).toEqual(two);
    // Where they went together, each has gone again alone.
    expect(ways.filter((way) => way === 'answer, short').length).toBeGreaterThanOrEqual(2);
    expect(ways.filter((way) => way === 'answer, long')).toHaveLength(1);
  });

  it('of two orders under one key at once: one is answered, the other refused, and nothing of its short way stays', async () => {
    const orders = [await place(shop.buyer()), await place(shop.buyer())];
    const key = randomUUID();
    const held = holdAnswers(shop.providerProxy);
    const opening = orders.map(({ orderId }) => shop.buyer().openPayment(orderId, key));
    await held.reached(2);
    const ways = watchWays();
    held.release();
    const answers = await Promise.all(opening);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 422]));
    expect(new Set(ways)).toEqual(new Set(['answer, short']));
    const refused = orders[answers.findIndex(({ status }) => status === 422)];
    const [payment] = (await shop.buyer().listPayments(refused?.orderId ?? '')).body;
    expect(payment).toMatchObject({ status: 'CREATED', payUrl: null });
  });

  it('that is paid before it is answered answers PAID, the long way', async () => {
    const { orderId, payable } = await place(shop.buyer());
    const held = holdAnswers(shop.providerProxy);
    const opening = openPayment(shop.buyer(), orderId);
    await held.reached();
    const [created] = (await shop.buyer().listPayments(orderId)).body;
    const ways = watchWays();
    const { body } = await callBack(shop, paidEvent({ paymentId: created?.paymentId ?? '', orderId, amount: payable }));
    expect([body.outcome, ways]).toEqual(['PAID', ['callback, short']]);
    held.release();
    const opened = await opening;
    expect(opened.status).toBe('PAID');
    expect(ways.slice(1)).toEqual(['answer, short', 'answer, long']);
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
  it('leaves the same, whichever way it goes', async () => {
    const short = paidEvent(await newPayment());
    const ways = watchWays();
    expect((await callBack(shop, short)).body.outcome).toBe('PAID');
    expect(ways).toEqual(['callback, short']);

    const long = paidEvent(await newPayment());
    // Told and refused before, so its key stands in the short way.
    const refused = `INSERT INTO payment_events (event_id, outcome, body) VALUES ($1, 'UNKNOWN_PAYMENT', $2)`;
    await shop.rows('pay', refused, [long['eventId'], long]);
    const longWays = watchWays();
    expect((await callBack(shop, long)).body.outcome).toBe('PAID');
    expect(longWays).toEqual(['callback, short', 'callback, long']);

    const trace = await traceOf(short);
    expect(trace).toMatchObject({ fence: 'PAID', payment: 'PAID', event: 'PAID', topic: 'payment-succeeded' });
    expect(trace).toMatchObject({ isBodyKept: true, isTransactionKept: true, isKeyOrder: true, isPayloadTheRow: true });
    expect(await traceOf(long)).toEqual(trace);
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
  ])('with %s is refused at once, and settled the long way', async (_what, changes, obstruct, outcome) => {
    const payment = await newPayment();
    const event = paidEvent(payment, changes);
    await obstruct(payment, event);
    const before = await paymentOf(payment);
    const ways = watchWays();
    const { status, body } = await callBack(shop, event);
    expect(status === 200 ? body.outcome : body.code).toBe(outcome);
    expect(ways).toEqual(['callback, short', 'callback, long']);
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
  ])('%s goes the long way at once', async (_what, changes, outcome) => {
    const event = paidEvent(await newPayment(), changes);
    const ways = watchWays();
    const { status, body } = await callBack(shop, event);
    expect(status === 200 ? body.outcome : body.code).toBe(outcome);
    expect(ways).toEqual(['callback, long']);
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
