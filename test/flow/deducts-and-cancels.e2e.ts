import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { OrdersSweeper } from '@rocketshop/order';
import { createGate, place, teapots, until, untilStatus, withhold } from '@rocketshop/shop-testkit';
import type { Cart, ServiceName, Verdict } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { recordTransitions, transitionsOf } from './transitions.js';

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

/** The cart takes something from every participant, so that every participant has something to undo. */
const CART: Cart = { items: [{ goodsId: 'teapot', quantity: 2 }], couponId: 'ada-five', balanceToUse: '700' };
const STEPS = [
  ['stock', 'stock.deduct-stock'],
  ['coupon', 'coupon.use-coupon'],
  ['user', 'user.deduct-balance'],
] as const;

/** The amount that all orders have taken from each participant. */
async function taken(): Promise<number[]> {
  const count = async (service: ServiceName, sql: string) =>
    Number((await shop.rows<{ n: string }>(service, `SELECT (${sql}) AS n`))[0]?.n);
  return [
    await count('stock', `SELECT initial_quantity - available FROM goods WHERE goods_id = 'teapot'`),
    await count('coupon', `SELECT count(order_id) FROM coupons`),
    await count('user', `SELECT 10000 - balance FROM accounts WHERE user_id = 'ada'`),
  ];
}
const logRow = async (service: 'stock' | 'coupon' | 'user', orderId: string) => {
  const table = { stock: 'stock', coupon: 'coupon', user: 'balance' }[service];
  const [row] = await shop.rows<{ outcome: string }>(
    service,
    `SELECT outcome FROM ${table}_success_log WHERE order_id = $1`,
    [orderId],
  );
  return row?.outcome;
};

describe.each(STEPS)('a call of %s', (service, pattern) => {
  it('whose answer is lost has an unknown outcome: it counts as failed, and the log knows what to give back', async () => {
    const before = await taken();
    let asked = false;
    shop.rpcProxies[service].use(({ direction, bytes }) => {
      if (direction === 'request' && bytes.includes(pattern)) asked = true;
      return asked && direction === 'answer' ? 'drop' : 'pass';
    });
    const { status, body } = await shop.buyer().placeOrder(CART);
    expect([status, body.code]).toEqual([410, 'ORDER_UNDONE']);
    expect(await logRow(service, body.orderId)).toBe('DEDUCTED');
    await untilStatus(shop.buyer(), body.orderId, 'CANCELLED');
    expect(await taken()).toEqual(before);
  });

  it('that arrives after the cancel is refused by the fence, and nothing is ever taken', async () => {
    const before = await taken();
    const gate = createGate();
    let late: Buffer | undefined;
    let answered: string | undefined;
    shop.rpcProxies[service].use(async ({ direction, bytes }): Promise<Verdict> => {
      if (direction === 'request' && bytes.includes(pattern)) {
        late = bytes;
        await gate.opened;
      } else if (direction === 'answer' && late && bytes.includes('"code"')) answered = bytes.toString();
      return 'pass';
    });
    const { status, body } = await shop.buyer().placeOrder(CART);
    expect([status, body.code]).toEqual([410, 'ORDER_UNDONE']);
    // Order breaks a connection that has been silent for 3 s, and the late call would be lost with it.
    await until(async () => (await logRow(service, body.orderId)) === 'FENCED', { description: 'the fence' });
    gate.open();
    await until(() => answered !== undefined, { description: 'the late call to be answered' });
    await untilStatus(shop.buyer(), body.orderId, 'CANCELLED');
    // The deadline of the call is over too, so either refusal is right. The stories of the participants prove the fence alone.
    expect(answered).toMatch(/"code":"(ORDER_FENCED|DEADLINE_PASSED)"/);
    expect(await taken()).toEqual(before);
  });

  it('that never arrives leaves a fence and nothing to give back', async () => {
    const before = await taken();
    shop.rpcProxies[service].use(({ direction, bytes }) =>
      direction === 'request' && bytes.includes(pattern) ? 'cut' : 'pass',
    );
    const { body } = await shop.buyer().placeOrder(CART);
    await untilStatus(shop.buyer(), body.orderId, 'CANCELLED');
    expect(await logRow(service, body.orderId)).toBe('FENCED');
    expect(await taken()).toEqual(before);
  });

  it('that arrives twice takes once', async () => {
    shop.rpcProxies[service].use(({ direction, bytes }) =>
      direction === 'request' && bytes.includes(pattern) ? 'duplicate' : 'pass',
    );
    const before = await taken();
    const { orderId } = await place(shop.buyer(), CART);
    const [teapotsTaken = 0, couponsTaken = 0, centsTaken = 0] = before;
    expect(await taken()).toEqual([teapotsTaken + 2, couponsTaken + 1, centsTaken + 700]);
    await shop.buyer().cancelOrder(orderId);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await taken()).toEqual(before);
  });

  it('is refused where the service is away, and no order begins or stays', async () => {
    const before = await taken();
    shop.rpcProxies[service].partition();
    const { status, body } = await shop.buyer().placeOrder(CART);
    expect([status, body.code]).toEqual([503, 'ORDER_NOT_PLACED']);
    shop.heal();
    expect(await taken()).toEqual(before);
  });
});

describe('a cancellation', () => {
  it('waits in CANCELLING for a participant whose database is away, and ends when it is back', async () => {
    const ada = shop.buyer();
    const before = await taken();
    const { orderId } = await place(ada, CART);
    shop.databaseProxies.coupon.partition();
    await ada.cancelOrder(orderId);
    await until(async () => (await answersOf(orderId)).length === 3, { description: 'the other three to answer' });
    expect((await ada.readOrder(orderId)).body.status).toBe('CANCELLING');
    shop.heal();
    await untilStatus(ada, orderId, 'CANCELLED');
    expect(await taken()).toEqual(before);
  });

  it('whose message is lost for good is published again by the sweeper', async () => {
    const ada = shop.buyer();
    const before = await taken();
    const { orderId } = await place(ada, CART);
    const lost = await withhold(shop, 'order', 'order-cancelled');
    await ada.cancelOrder(orderId);
    await shop.rows('order', 'DROP TRIGGER withhold ON outbox');
    await shop.part('order', OrdersSweeper).sweep();
    expect(await publishedCancels(orderId)).toBe(1);
    expect((await ada.readOrder(orderId)).body.status).toBe('CANCELLING');

    await overdue(orderId);
    await shop.part('order', OrdersSweeper).sweep();
    await untilStatus(ada, orderId, 'CANCELLED');
    expect(await publishedCancels(orderId)).toBe(2);
    expect(await taken()).toEqual(before);
    expect(lost).toBeDefined();
  });

  it('that one participant’s answer got lost of is answered again by all four, and changes nothing twice', async () => {
    const ada = shop.buyer();
    const before = await taken();
    const { orderId } = await place(ada, CART);
    const lost = await withhold(shop, 'user', 'order-compensated');
    await ada.cancelOrder(orderId);
    await until(async () => (await answersOf(orderId)).length === 3, { description: 'the other three to answer' });
    await until(async () => (await taken())[2] === before[2], { description: 'user to have given back' });
    await shop.rows('user', 'DROP TRIGGER withhold ON outbox');
    await overdue(orderId);
    // The sweepers of two replicas run at the same time, and the message is published once.
    const other = await shop.startReplica('order');
    await Promise.all([shop.part('order', OrdersSweeper).sweep(), shop.part('order', OrdersSweeper, other).sweep()]);
    await untilStatus(ada, orderId, 'CANCELLED');
    expect(await publishedCancels(orderId)).toBe(2);
    expect(await taken()).toEqual(before);
    expect(lost).toBeDefined();
    expect(await transitionsOf(shop, orderId)).toEqual([
      'PENDING -> CONFIRMED',
      'CONFIRMED -> CANCELLING',
      'CANCELLING -> CANCELLED',
    ]);
  });

  it('that arrives late, and twice, does not take the coupon from the next order', async () => {
    const ada = shop.buyer();
    const { orderId } = await place(ada, { ...teapots(), couponId: 'ada-two' });
    await ada.cancelOrder(orderId);
    await untilStatus(ada, orderId, 'CANCELLED');
    const next = await place(ada, { ...teapots(), couponId: 'ada-two' });
    await shop.rows('order', `UPDATE outbox SET sent_at = NULL WHERE order_key = $1 AND topic = 'order-cancelled'`, [
      orderId,
    ]);
    await until(async () => (await couponAnswers(orderId)) === 2, { description: 'the late cancel to be answered' });
    const [coupon] = await shop.rows<{ order_id: string }>(
      'coupon',
      `SELECT order_id FROM coupons WHERE coupon_id = 'ada-two'`,
    );
    expect(coupon?.order_id).toBe(next.orderId);
  });
});

const overdue = (orderId: string) =>
  shop.rows('order', `UPDATE orders SET cancel_sent_at = now() - interval '1 day' WHERE order_id = $1`, [orderId]);
const answersOf = (orderId: string) =>
  shop.rows('order', 'SELECT participant FROM order_compensations WHERE order_id = $1', [orderId]);
const publishedCancels = async (orderId: string) =>
  (await shop.rows('order', `SELECT FROM outbox WHERE order_key = $1 AND topic = 'order-cancelled'`, [orderId])).length;
const couponAnswers = async (orderId: string) =>
  (await shop.rows('coupon', `SELECT FROM outbox WHERE order_key = $1 AND topic = 'order-compensated'`, [orderId]))
    .length;

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
