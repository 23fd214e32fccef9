import { expect } from '@jest/globals';
import {
  createPool,
  holdLock,
  openPayment,
  place,
  SERVICES,
  teapots,
  until,
  untilStatus,
} from '@rocketshop/shop-testkit';
import type { HeldLock, HttpAnswer, ShopClient } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import type { HeldRows } from './locked-tables.js';

/** A shop whose waits are those of a real one: the other stories let the requests at a lock wait for as long as it takes. */
export async function startShop(): Promise<InProcessShop> {
  // Durations are divided by the time scale, which is 100 here.
  const waits = {
    DATABASE_POOL_MAX: '4',
    BATCH_LOCK_TIMEOUT_MS: '25',
    SWEEP_INTERVAL_MS: '200000',
    CANCEL_RETRY_MS: '50000',
  };
  const shop = await InProcessShop.start({ env: Object.fromEntries(SERVICES.map((service) => [service, waits])) });
  await shop.rows('stock', `UPDATE goods SET initial_quantity = 10000, available = 10000 WHERE goods_id = 'teapot'`);
  return shop;
}

/** The tables of all services, as `service.table`, without the list of migrations. */
export async function tablesOf(shop: InProcessShop): Promise<string[]> {
  const tables = SERVICES.map(async (service) => {
    const rows = await shop.rows<{ name: string }>(
      service,
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'migrations'`,
    );
    return rows.map(({ name }) => `${service}.${name}`);
  });
  return (await Promise.all(tables)).flat().toSorted();
}

export interface Held {
  readonly rows: HeldRows;
  readonly orderIds: readonly string[];
  readonly lock: HeldLock;
}

/** Places the orders of ada, and holds their rows. */
export async function holdRows(shop: InProcessShop, all: readonly HeldRows[]): Promise<Held[]> {
  const ada = shop.buyer('ada');
  const held: { rows: HeldRows; orderIds: string[] }[] = [];
  for (const rows of all) {
    const cart = { ...cartFor(rows), ...(rows.table === 'coupons' ? { couponId: 'ada-five' } : {}) };
    const placed = await Promise.all(Array.from({ length: rows.orders }, () => place(ada, cart)));
    held.push({ rows, orderIds: placed.map(({ orderId }) => orderId) });
  }
  return Promise.all(held.map((one) => hold(shop, one)));
}

async function hold(shop: InProcessShop, { rows, orderIds }: Omit<Held, 'lock'>): Promise<Held> {
  const pool = createPool(shop.databaseUrls[rows.service], { max: 1 });
  const lock = await holdLock(pool, rows.lock, [orderIds]);
  const release = async (): Promise<void> => {
    await lock.release();
    if (!pool.ended) await pool.end();
  };
  return { rows, orderIds, lock: { release } };
}

const cartFor = ({ service, table }: HeldRows) => ({
  items: [{ goodsId: table === 'goods' ? 'lantern' : 'teapot', quantity: 1 }],
  ...(service === 'user' ? { balanceToUse: '10' } : {}),
});

/** What ada hears who wants held rows. Reads wait for nobody. A change is done, begun, or refused with a code and a time. */
export async function askForHeldRows(ada: ShopClient, held: readonly Held[]): Promise<string[]> {
  const orderIds = held.flatMap((one) => one.orderIds.map((orderId) => ({ orderId, where: nameOf(one.rows) })));
  const unclear: string[] = [];
  const note = (
    what: string,
    where: string,
    answer: HttpAnswer<{ readonly code?: string }>,
    fine: readonly number[],
  ) => {
    const isRefused =
      answer.status === 503 && answer.headers.get('retry-after') !== null && answer.body.code !== undefined;
    if (fine.includes(answer.status) || isRefused) return;
    unclear.push(`${where}: ${what} ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  await Promise.all(
    orderIds.map(async ({ orderId, where }, index) => {
      // Every second order is about to be paid when it is cancelled.
      if (index % 2 === 0) note('POST /payments', where, await ada.openPayment(orderId), [201, 409]);
      note('POST cancel', where, await ada.cancelOrder(orderId), [202]);
      const { status } = await ada.readOrder(orderId);
      if (status !== 200) unclear.push(`${where}: GET order ${status}`);
    }),
  );
  return unclear;
}

export const nameOf = ({ service, table }: HeldRows): string => `${service}.${table}`;

/** The life of a shop in which nobody holds a row: an order that is paid, and one that is cancelled. */
export async function buyAsUsual(shop: InProcessShop, buyer: ShopClient): Promise<void> {
  const paid = await place(buyer, teapots());
  await buyer.pay(await openPayment(buyer, paid.orderId));
  await untilStatus(buyer, paid.orderId, 'PAID');
  const cancelled = await place(buyer, { ...teapots(), balanceToUse: '10' });
  expect((await buyer.cancelOrder(cancelled.orderId)).status).toBe(202);
  await untilStatus(buyer, cancelled.orderId, 'CANCELLED');
  expect(await shop.buyer('grace').available('teapot')).toBeGreaterThan(0);
}

/** Ends all locks. The orders that waited for them come to their end. */
export async function releaseAll(shop: InProcessShop, held: readonly Held[]): Promise<void> {
  await Promise.all(held.map(({ lock }) => lock.release()));
  const orderIds = held.flatMap((one) => one.orderIds);
  const left = `SELECT order_id FROM orders WHERE order_id = ANY ($1::uuid[]) AND status <> 'CANCELLED'`;
  await until(async () => (await shop.rows('order', left, [orderIds])).length === 0, {
    timeoutMs: 90_000,
    intervalMs: 100,
    description: 'all orders to be cancelled',
  });
}
