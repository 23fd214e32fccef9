import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AbandonOrderConsumer, OrdersSweeper } from '@rocketshop/order';
import { expectInvariants } from '../support/expect-invariants.js';
import { holdBeforeDeduct, holdLock, raceAtLock, teapots, untilStatus } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

const LOCK_ORDER = 'SELECT FROM orders WHERE order_id = $1 FOR UPDATE';

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
  await recordTransitions(shop);
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

/** A pre-order whose flow is held before the deduct, and whose abandon timer is due. */
async function heldOrder() {
  const key = randomUUID();
  const held = await holdBeforeDeduct(shop, () => shop.buyer().placeOrder(teapots(), key));
  await shop.rows('order', `UPDATE orders SET abandon_at = now() - interval '1 hour' WHERE order_id = $1`, [
    held.orderId,
  ]);
  return { ...held, key };
}

const timer = (orderId: string) => shop.part('order', AbandonOrderConsumer).timeIsUp({ version: 1, orderId });
const sweep = () => shop.part('order', OrdersSweeper).sweep();

describe('confirm against the abandon timer', () => {
  it('is won by the confirm that reaches the row first: the order stands', async () => {
    const { orderId, key, goOn } = await heldOrder();
    const lock = { sql: LOCK_ORDER, values: [orderId] };
    const [answer, abandoned] = await raceAtLock(shop.pools.order, lock, goOn, () => timer(orderId));

    expect(abandoned.status).toBe('fulfilled');
    expect(answer).toMatchObject({ value: { status: 201, body: { orderId, status: 'CONFIRMED' } } });
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED']);
    expect((await shop.buyer().placeOrder(teapots(), key)).body).toMatchObject({ orderId, status: 'CONFIRMED' });
  });

  it('is won by the abandon that reaches the row first: the buyer is told, now and under the same key', async () => {
    const { orderId, key, goOn } = await heldOrder();
    const lock = { sql: LOCK_ORDER, values: [orderId] };
    const [abandoned, answer] = await raceAtLock(shop.pools.order, lock, () => timer(orderId), goOn);

    expect(abandoned.status).toBe('fulfilled');
    expect(answer).toMatchObject({
      value: { status: 410, body: { code: 'ORDER_UNDONE', reason: 'FLOW_LOST', orderId } },
    });
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CANCELLING', 'CANCELLING -> CANCELLED']);
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: 'FLOW_LOST', cancelled_by: 'timer' });

    const replayed = await shop.buyer().placeOrder(teapots(), key);
    expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([410, 'true']);
    expect(replayed.body).toMatchObject({ code: 'ORDER_UNDONE', reason: 'FLOW_LOST', orderId });
  });
});

describe('the abandon sweeper', () => {
  it('passes over an order whose row somebody holds, and cancels it the next time', async () => {
    const { orderId, key, goOn } = await heldOrder();
    const held = await holdLock(shop.pools.order, LOCK_ORDER, [orderId]);
    await sweep();
    await held.release();
    expect(await transitionsOf(shop, orderId)).toEqual([]);
    await sweep();
    await goOn();
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: 'FLOW_LOST', cancelled_by: 'sweeper' });
    expect((await shop.buyer().placeOrder(teapots(), key)).body).toMatchObject({ reason: 'FLOW_LOST', orderId });
  });
});

describe('two cancels of one pre-order', () => {
  it.each(['timer', 'flow'] as const)('are one, the one of the %s when that comes first', async (winner) => {
    const { orderId, goOn } = await heldOrder();
    const lock = { sql: LOCK_ORDER, values: [orderId] };
    // The request never arrives at stock, nor does its repeat, so the flow gives up and cancels.
    const flow = () => {
      shop.rpcProxies.stock.partition();
      return goOn();
    };
    const abandon = () => timer(orderId);
    const [first, second] = await raceAtLock<unknown, unknown>(
      shop.pools.order,
      lock,
      winner === 'flow' ? flow : abandon,
      winner === 'flow' ? abandon : flow,
    );
    shop.heal();
    const reason = winner === 'flow' ? 'STEP_FAILED' : 'FLOW_LOST';
    expect([first.status, second.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(winner === 'flow' ? first : second).toMatchObject({ value: { status: 410, body: { reason } } });
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CANCELLING', 'CANCELLING -> CANCELLED']);
    expect(await orderRow(shop, orderId)).toMatchObject({ cancel_reason: reason, cancelled_by: winner });
  });
});

describe('an abandon timer', () => {
  it('that comes early sets itself again for the rest of the time', async () => {
    const { orderId, goOn } = await heldOrder();
    await shop.rows('order', `UPDATE orders SET abandon_at = now() + interval '20 seconds' WHERE order_id = $1`, [
      orderId,
    ]);
    await timer(orderId);
    const timers = await shop.rows<{ delay_ms: string }>(
      'order',
      `SELECT delay_ms FROM outbox WHERE order_key = $1 AND topic = 'abandon-order' ORDER BY id`,
      [orderId],
    );
    expect(timers).toHaveLength(2);
    expect(Number(timers[1]?.delay_ms)).toBeGreaterThan(15_000);
    expect(Number(timers[1]?.delay_ms)).toBeLessThanOrEqual(20_000);
    expect((await goOn()).status).toBe(201);
  });

  it('that finds the order confirmed, or no order at all, does nothing', async () => {
    const { orderId, goOn } = await heldOrder();
    await goOn();
    await timer(orderId);
    await timer(randomUUID());
    expect(await transitionsOf(shop, orderId)).toEqual(['PENDING -> CONFIRMED']);
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
