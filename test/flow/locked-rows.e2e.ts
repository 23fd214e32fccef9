import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { holdLock, teapots, untilWaiting } from '@rocketshop/shop-testkit';
import type { HeldLock, ShopClient } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';

jest.setTimeout(60_000);

/** Requests that wait for a lock on connections of their own; further ones look again from time to time. */
const LOCK_WAITS = 3;
const AS_LONG_AS_IT_TAKES = { RPC_TIMEOUT_MS: '60000', FLOW_TIMEOUT_MS: '60000', ABANDON_TIMEOUT_MS: '120000' };
const BATCH_LOCK_TIMEOUT_MS = '25';

let shop: InProcessShop;
let lock: HeldLock | undefined;
beforeAll(async () => {
  shop = await InProcessShop.start({
    env: { order: AS_LONG_AS_IT_TAKES, stock: { BATCH_LOCK_TIMEOUT_MS }, user: { BATCH_LOCK_TIMEOUT_MS } },
  });
}, 120_000);
afterEach(() => lock?.release());
afterAll(async () => {
  await shop.stop();
});

const statusesOf = async (orders: readonly Promise<{ readonly status: number }>[]) =>
  (await Promise.all(orders)).map(({ status }) => status);
const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work);

/** Three tabs of one buyer, each of which places its next order when the one before is answered. */
async function buyInThreeTabs(buyer: ShopClient, cart: Parameters<ShopClient['placeOrder']>[0]): Promise<number[]> {
  const statuses: number[] = [];
  const tab = async () => {
    for (let orders = 0; orders < 6; orders++) statuses.push((await buyer.placeOrder(cart)).status);
  };
  await Promise.all(times(3, tab));
  return statuses;
}

describe('a locked row', () => {
  it('of an account holds up the orders of its buyer, and those of nobody else', async () => {
    lock = await holdLock(shop.pools.user, `SELECT FROM accounts WHERE user_id = 'ada' FOR UPDATE`);
    const ada = times(20, () => shop.buyer('ada').placeOrder({ ...teapots(), balanceToUse: '10' }));
    await untilWaiting(shop.pools.user, LOCK_WAITS);
    const grace = await buyInThreeTabs(shop.buyer('grace'), { ...teapots(), balanceToUse: '10' });
    expect(new Set(grace)).toEqual(new Set([201]));

    await lock.release();
    expect(new Set(await statusesOf(ada))).toEqual(new Set([201]));
  });

  it('of goods holds up the orders that want them, and no others', async () => {
    lock = await holdLock(shop.pools.stock, `SELECT FROM goods WHERE goods_id = 'globe' FOR UPDATE`);
    const globes = { items: [{ goodsId: 'globe', quantity: 1 }] };
    const waiting = times(8, () => shop.buyer('grace').placeOrder(globes));
    await untilWaiting(shop.pools.stock, LOCK_WAITS);
    expect(new Set(await buyInThreeTabs(shop.buyer('ada'), teapots()))).toEqual(new Set([201]));

    await lock.release();
    // There are five globes.
    const statuses = await statusesOf(waiting);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([...times(5, () => 201), ...times(3, () => 409)]);
  });

  it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
});
