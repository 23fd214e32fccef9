import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DiscardMessageError } from '@rocketshop/mq-nest';
import {
  CloseUnpaidConsumer,
  PaymentBeforeConfirmError,
  PaymentMismatchError,
  RecordPaymentConsumer,
} from '@rocketshop/order';
import { expectInvariants } from '../support/expect-invariants.js';
import {
  createGate,
  holdBeforeDeduct,
  openPayment,
  place,
  raceAtLock,
  teapots,
  until,
  untilPaymentIs,
  untilRefunded,
  untilStatus,
  withhold,
} from '@rocketshop/shop-testkit';
import type { OrderAnswer, Verdict, WithheldMessages } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

const LOCK_ORDER = 'SELECT FROM orders WHERE order_id = $1 FOR UPDATE';
const PAID = ['PENDING -> CONFIRMED', 'CONFIRMED -> PAID'];
const CANCELLED = ['PENDING -> CONFIRMED', 'CONFIRMED -> CANCELLING', 'CANCELLING -> CANCELLED'];

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
  await recordTransitions(shop);
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const deliver = (payment: object) => shop.part('order', RecordPaymentConsumer).record(payment);
const messageOf = (orderId: string, changes: object = {}) => ({
  version: 1,
  orderId,
  paymentId: randomUUID(),
  amount: '1250',
  currency: 'EUR',
  paidAt: new Date().toISOString(),
  ...changes,
});

const expire = (orderId: string) =>
  shop.rows('order', 'UPDATE orders SET close_at = now() WHERE order_id = $1', [orderId]);
const closeNow = (orderId: string) => shop.part('order', CloseUnpaidConsumer).timeIsUp({ version: 1, orderId });

/** The payment is PAID at pay, and the message to order is not sent yet. */
async function paidUnheard(): Promise<{ order: OrderAnswer; paymentId: string; message: WithheldMessages }> {
  const ada = shop.buyer();
  const order = await place(ada);
  const payment = await openPayment(ada, order.orderId);
  const message = await withhold(shop, 'pay', 'payment-succeeded');
  await ada.pay(payment);
  await untilPaymentIs(ada, payment, 'PAID');
  return { order, paymentId: payment.paymentId, message };
}

describe('a payment that order hears of', () => {
  it('makes a CONFIRMED order PAID, once, however often the message comes', async () => {
    const { order, paymentId, message } = await paidUnheard();
    const paid = messageOf(order.orderId, { paymentId });
    await Promise.all([deliver(paid), deliver(paid), deliver(paid)]);
    await message.release();
    await untilStatus(shop.buyer(), order.orderId, 'PAID');
    await deliver(paid);
    expect(await transitionsOf(shop, order.orderId)).toEqual(PAID);
    expect(await orderRow(shop, order.orderId)).toMatchObject({ payment_id: paymentId, late_payment_id: null });
  });

  it('before the order is confirmed throws, so that it comes again, and counts then', async () => {
    const held = await holdBeforeDeduct(shop, () => shop.buyer().placeOrder(teapots()));
    const early = messageOf(held.orderId);
    await expect(deliver(early)).rejects.toThrow(PaymentBeforeConfirmError);
    await held.goOn();
    const ada = shop.buyer();
    const payment = await openPayment(ada, held.orderId);
    await ada.pay(payment);
    await untilStatus(ada, held.orderId, 'PAID');
    expect(await transitionsOf(shop, held.orderId)).toEqual(PAID);
  });

  it('of another amount or currency is never counted', async () => {
    const { orderId } = await place(shop.buyer());
    await expect(deliver(messageOf(orderId, { amount: '1249' }))).rejects.toThrow(PaymentMismatchError);
    await expect(deliver(messageOf(orderId, { currency: 'USD' }))).rejects.toThrow(PaymentMismatchError);
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED']);
  });

  it('of an order that is not known is discarded, and a message that breaks its contract is refused', async () => {
    await expect(deliver(messageOf(randomUUID()))).rejects.toThrow(DiscardMessageError);
    await expect(deliver({ ...messageOf(randomUUID()), amount: 12.5 })).rejects.toThrow(/payment-succeeded/);
    await expect(deliver({ ...messageOf(randomUUID()), version: 2 })).rejects.toThrow(/payment-succeeded/);
  });

  it('of a cancelled order is recorded, changes no status, and pay gives the money back', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    const payment = await openPayment(ada, orderId);
    // Pay cannot make the charge void in time, so the buyer can still pay it.
    shop.providerProxy.partition();
    await ada.cancelOrder(orderId);
    const late = messageOf(orderId, { paymentId: payment.paymentId });
    await deliver(late);
    await untilStatus(ada, orderId, 'CANCELLED');
    await deliver(late);
    await ada.pay(payment);
    shop.heal();
    expect(await untilRefunded(ada, payment)).toEqual(['LATE']);
    expect(await orderRow(shop, orderId)).toMatchObject({ status: 'CANCELLED', late_payment_id: payment.paymentId });
    expect(await transitionsOf(shop, orderId)).toEqual(CANCELLED);
  });

  it('of an order that another payment has paid is recorded as late', async () => {
    const { order, paymentId, message } = await paidUnheard();
    await message.release();
    await untilStatus(shop.buyer(), order.orderId, 'PAID');
    const second = messageOf(order.orderId);
    await deliver(second);
    expect(await orderRow(shop, order.orderId)).toMatchObject({
      status: 'PAID',
      payment_id: paymentId,
      late_payment_id: second.paymentId,
    });
  });
});

describe('the message of a payment against a cancel, both at the row of the order', () => {
  it('is first: PAID, and the cancel finds nothing to cancel', async () => {
    const { order, paymentId, message } = await paidUnheard();
    const { orderId } = order;
    await expire(orderId);
    // Otherwise the cancel would not begin. Pay behaves as if restored from a backup before the payment, so it answers CLOSED.
    await shop.rows('pay', `UPDATE payment_orders SET status = 'OPEN' WHERE order_id = $1`, [orderId]);
    const lock = { sql: LOCK_ORDER, values: [orderId] };
    const [paid, closed] = await raceAtLock(
      shop.pools.order,
      lock,
      () => deliver(messageOf(orderId, { paymentId })),
      () => closeNow(orderId),
    );
    expect([paid.status, closed.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(await transitionsOf(shop, orderId)).toEqual(PAID);
    await shop.rows('pay', `UPDATE payment_orders SET status = 'PAID' WHERE order_id = $1`, [orderId]);
    await message.release();
  });

  it('is second: CANCELLING, and the payment is recorded as late', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    const payment = await openPayment(ada, orderId);
    await expire(orderId);
    // The answer of pay is held until order's row is locked: the request to cancel is kept before pay is asked, and waits for no lock.
    const answered = createGate();
    let isHeld = false;
    shop.rpcProxies.pay.use(async ({ direction }): Promise<Verdict> => {
      isHeld ||= direction === 'answer';
      if (direction === 'answer') await answered.opened;
      return 'pass';
    });
    const closing = closeNow(orderId);
    await until(() => isHeld, { description: 'pay to answer' });
    const lock = { sql: LOCK_ORDER, values: [orderId] };
    const [closed, paid] = await raceAtLock(
      shop.pools.order,
      lock,
      () => {
        answered.open();
        return closing;
      },
      () => deliver(messageOf(orderId, { paymentId: payment.paymentId })),
    );
    expect([closed.status, paid.status]).toEqual(['fulfilled', 'fulfilled']);
    await untilStatus(ada, orderId, 'CANCELLED');
    expect(await transitionsOf(shop, orderId)).toEqual(CANCELLED);
    expect(await orderRow(shop, orderId)).toMatchObject({ late_payment_id: payment.paymentId });
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
