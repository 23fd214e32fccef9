import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CloseUnpaidConsumer, OrdersSweeper } from '@rocketshop/order';
import { expectInvariants } from '../support/expect-invariants.js';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { openPayment, place, untilPaymentIs, untilStatus, withhold } from '@rocketshop/shop-testkit';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

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
/** Ends the time to pay. The sweeper waits one interval longer than the timer, so an hour ago is due for both. */
const expire = (orderId: string) =>
  shop.rows('order', `UPDATE orders SET close_at = now() - interval '1 hour' WHERE order_id = $1`, [orderId]);

const CLOSED = ['PENDING -> CONFIRMED', 'CONFIRMED -> CANCELLING', 'CANCELLING -> CANCELLED'];

describe('an order that nobody pays', () => {
  it('is closed by its timer message, delivered by the broker when it is due', async () => {
    const quick = await shop.startReplica('order', { UNPAID_TIMEOUT_MS: '2000' });
    const ada = shop.buyer('ada', undefined, { order: shop.urlOf('order', quick) });
    const { orderId } = await place(ada);
    await untilStatus(ada, orderId, 'CANCELLED');
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: 'UNPAID', cancelled_by: 'timer' });
    expect(await transitionsOf(shop, orderId)).toEqual(CLOSED);
  });

  it('is closed by the sweeper where the timer message is lost, and the record says so', async () => {
    const { orderId } = await place(shop.buyer());
    await expire(orderId);
    await sweep();
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: 'UNPAID', cancelled_by: 'sweeper' });
    expect(await transitionsOf(shop, orderId)).toEqual(CLOSED);
  });

  it('is not closed a moment too early: the timer sets itself again, the sweeper waits', async () => {
    const { orderId } = await place(shop.buyer());
    await timer(orderId);
    await sweep();
    const timers = await shop.rows<{ delay_ms: string }>(
      'order',
      `SELECT delay_ms FROM outbox WHERE order_key = $1 AND topic = 'close-unpaid-order' ORDER BY id`,
      [orderId],
    );
    expect(timers).toHaveLength(2);
    expect(Number(timers[1]?.delay_ms)).toBeLessThanOrEqual(Number(timers[0]?.delay_ms));
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED']);
  });

  it('is closed once though timer, sweeper and buyer come together', async () => {
    const { orderId } = await place(shop.buyer());
    await expire(orderId);
    await Promise.all([timer(orderId), timer(orderId), sweep(), shop.buyer().cancelOrder(orderId)]);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await transitionsOf(shop, orderId)).toEqual(CLOSED);
  });

  it('stays as it is while pay does not answer: the timer throws, and is delivered again', async () => {
    const { orderId } = await place(shop.buyer());
    await expire(orderId);
    shop.rpcProxies.pay.partition();
    await expect(timer(orderId)).rejects.toThrow(/pay pay\.close-payment/);
    await sweep();
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED']);
    shop.heal();
    await timer(orderId);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
  });

  it('stays as it is where the answer of pay is lost, and pay says CLOSED again the next time', async () => {
    const { orderId } = await place(shop.buyer());
    await openPayment(shop.buyer(), orderId);
    await expire(orderId);
    shop.rpcProxies.pay.loseAnswers();
    await expect(timer(orderId)).rejects.toThrow(/no answer/);
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED']);
    shop.heal();
    await timer(orderId);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
  });

  it('is not closed when it was paid at the last moment, though order has not heard of it: pay is asked first', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    const payment = await openPayment(ada, orderId);
    const message = await withhold(shop, 'pay', 'payment-succeeded');
    await ada.pay(payment);
    await untilPaymentIs(ada, payment, 'PAID');
    await expire(orderId);
    await Promise.all([timer(orderId), sweep()]);
    expect((await ada.cancelOrder(orderId)).body.code).toBe('ORDER_ALREADY_PAID');
    await message.release();
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED', 'CONFIRMED -> PAID']);
  });

  it('needs no timer once it is cancelled, paid, or not known', async () => {
    const { orderId } = await place(shop.buyer());
    await shop.buyer().cancelOrder(orderId);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    await timer(orderId);
    await timer(randomUUID());
    expect(await transitionsOf(shop, orderId)).toEqual(CLOSED);
  });
});

describe('a buyer', () => {
  it('cancels what he has not paid, and a second request finds it so', async () => {
    const ada = shop.buyer();
    const before = await ada.available('teapot');
    const { orderId } = await place(ada);
    const [first, second] = [await ada.cancelOrder(orderId), await ada.cancelOrder(orderId)];
    expect([first.status, first.body.status, second.status]).toEqual([202, 'CANCELLING', 202]);
    await untilStatus(ada, orderId, 'CANCELLED');
    expect((await ada.readOrder(orderId)).body).toMatchObject({
      cancelReason: 'BUYER_CANCELLED',
      cancelledBy: 'buyer',
    });
    expect(await ada.available('teapot')).toBe(before);
    expect((await ada.openPayment(orderId)).body.code).toBe('ORDER_NOT_PAYABLE');
  });

  it('cannot cancel what he has paid', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada);
    await ada.pay(await openPayment(ada, orderId));
    await untilStatus(ada, orderId, 'PAID');
    const refused = await ada.cancelOrder(orderId);
    expect([refused.status, refused.body.code]).toEqual([409, 'ORDER_ALREADY_PAID']);
    expect((await ada.readOrder(orderId)).body.status).toBe('PAID');
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
