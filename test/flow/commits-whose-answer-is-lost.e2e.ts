import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AbandonOrderConsumer } from '@rocketshop/order';
import { loseCommit, teapots, untilStatus } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { orderRow } from './transitions.js';

jest.setTimeout(60_000);

const BEGIN_CANCEL = "SET status = 'CANCELLING'";

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const placeWith = (key: string) => shop.buyer().placeOrder(teapots(), key);

async function orderOf(key: string): Promise<string | undefined> {
  const [row] = await shop.rows<{ order_id: string }>(
    'order',
    'SELECT order_id FROM orders WHERE idempotency_key = $1',
    [key],
  );
  return row?.order_id;
}

const failStock = () => shop.rpcProxies.stock.use(({ bytes }) => (bytes.includes('deduct-stock') ? 'cut' : 'pass'));

/** Does what the abandon timer does, without the wait. */
async function abandon(orderId: string): Promise<void> {
  await shop.rows('order', 'UPDATE orders SET abandon_at = now() WHERE order_id = $1', [orderId]);
  await shop.part('order', AbandonOrderConsumer).timeIsUp({ version: 1, orderId });
  await untilStatus(shop.buyer(), orderId, 'CANCELLED');
}

describe('a connection to PostgreSQL that breaks in the COMMIT', () => {
  it('of the confirm, after it was committed: the order is CONFIRMED and the buyer gets his 201', async () => {
    const key = randomUUID();
    const lost = loseCommit(shop.databaseProxies.order, 'confirm-order', 'after');
    const { status, body } = await placeWith(key);
    expect([lost.happened, status, body.status]).toEqual([true, 201, 'CONFIRMED']);
    const again = await placeWith(key);
    expect([again.status, again.body.orderId, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      body.orderId,
      'true',
    ]);
  });

  it('of the confirm, before it was committed: everything taken is given back', async () => {
    const key = randomUUID();
    const lost = loseCommit(shop.databaseProxies.order, 'confirm-order', 'before');
    const { status, body } = await placeWith(key);
    expect([lost.happened, status, body.code]).toEqual([true, 410, 'ORDER_UNDONE']);
    await untilStatus(shop.buyer(), body.orderId, 'CANCELLED');
    expect((await placeWith(key)).body).toMatchObject({ reason: 'STEP_FAILED', orderId: body.orderId });
  });

  it.each(['before', 'after'] as const)(
    'of the confirm, %s it was committed, and then the whole database is away: undecided, and the key knows later',
    async (when) => {
      const key = randomUUID();
      const proxy = shop.databaseProxies.order;
      loseCommit(proxy, 'confirm-order', when, () => proxy.partition());
      const { status, body, headers } = await placeWith(key);
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'ORDER_UNDECIDED', '1']);
      proxy.heal();
      if (when === 'before') await abandon(body.orderId);
      const again = await placeWith(key);
      expect([again.status, again.body.orderId]).toEqual([when === 'after' ? 201 : 410, body.orderId]);
    },
  );

  it.each(['before', 'after'] as const)('of the pre-order, %s it was committed: the flow goes on', async (when) => {
    const key = randomUUID();
    const lost = loseCommit(shop.databaseProxies.order, 'insert-order', when);
    const { status, body } = await placeWith(key);
    expect([lost.happened, status, body.status]).toEqual([true, 201, 'CONFIRMED']);
    expect(await orderOf(key)).toBe(body.orderId);
    expect((await placeWith(key)).body).toEqual(body);
  });

  it('of the pre-order, and then the whole database is away: the key waits, and the abandon timer ends it', async () => {
    const key = randomUUID();
    const proxy = shop.databaseProxies.order;
    loseCommit(proxy, 'insert-order', 'after', () => proxy.partition());
    const { status, body } = await placeWith(key);
    expect([status, body.code]).toEqual([503, 'ORDER_NOT_PLACED']);
    proxy.heal();
    const pending = await placeWith(key);
    expect([pending.status, pending.headers.get('retry-after')]).toEqual([409, '1']);

    const orderId = (await orderOf(key)) ?? '';
    expect((await shop.buyer().readOrder(orderId)).status).toBe(404);
    await abandon(orderId);
    const told = await placeWith(key);
    expect([told.status, told.body.code, told.headers.get('retry-after')]).toEqual([410, 'ORDER_UNDONE', null]);
    expect(told.body).toMatchObject({ reason: 'FLOW_LOST', orderId });
    expect((await placeWith(randomUUID())).status).toBe(201);
  });

  it.each(['before', 'after'] as const)(
    'of the cancel, %s it was committed: the order is undone, and the buyer hears it at once',
    async (when) => {
      const key = randomUUID();
      const lost = loseCommit(shop.databaseProxies.order, BEGIN_CANCEL, when);
      failStock();
      const { status, body } = await placeWith(key);
      expect([lost.happened, status, body.code]).toEqual([true, 410, 'ORDER_UNDONE']);
      await untilStatus(shop.buyer(), body.orderId, 'CANCELLED');
      expect((await placeWith(key)).body).toMatchObject({ code: 'ORDER_UNDONE', orderId: body.orderId });
    },
  );

  it('of the cancel, and then the whole database is away: undecided, and the abandon timer cancels', async () => {
    const key = randomUUID();
    const proxy = shop.databaseProxies.order;
    loseCommit(proxy, BEGIN_CANCEL, 'before', () => proxy.partition());
    failStock();
    const { body, headers } = await placeWith(key);
    expect([body.code, headers.get('retry-after')]).toEqual(['ORDER_UNDECIDED', '1']);
    proxy.heal();
    expect(await orderRow(shop, body.orderId)).toMatchObject({ status: 'PENDING' });
    expect((await placeWith(key)).status).toBe(409);
    await abandon(body.orderId);
    expect((await placeWith(key)).body).toMatchObject({ reason: 'FLOW_LOST', orderId: body.orderId });
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
