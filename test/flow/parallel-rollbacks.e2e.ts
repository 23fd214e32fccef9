import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '@rocketshop/service-defaults';
import { DeductStockService, RestoreStockMetrics, RestoreStockService, SwapConflictError } from '@rocketshop/stock';
import { holdLock, untilWaiting } from '@rocketshop/shop-testkit';
import {
  cancelled,
  futureDeadline,
  idleRelay,
  lockRowOf,
  newOrderId,
  Participants,
  readNumber,
} from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
let stock: Participant;
let metrics: RestoreStockMetrics;
let restores: RestoreStockService[];
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());
beforeEach(async () => {
  stock = await participants.open('stock');
  const replica = await participants.replicaOf(stock);
  metrics = new RestoreStockMetrics(new Metrics('stock'));
  restores = [stock, replica].map(({ database }) => new RestoreStockService(database, idleRelay(database), metrics));
});

const teapots = (column: string) => readNumber(stock.database, `SELECT ${column} FROM goods WHERE goods_id = 'teapot'`);
const items = [{ goodsId: 'teapot', quantity: 1 }];

async function deductedOrders(count: number): Promise<string[]> {
  const service = new DeductStockService(stock.database);
  const orders = Array.from({ length: count }, newOrderId);
  await Promise.all(orders.map((orderId) => service.deduct({ orderId, items }, futureDeadline())));
  return orders;
}

/** Calls a handler again until it does not throw, as the broker delivers a message again. */
async function deliver(orderId: string, index: number): Promise<number> {
  for (let redeliveries = 0; ; redeliveries++) {
    try {
      await restores[index % restores.length]!.restore(cancelled(orderId, items));
      return redeliveries;
    } catch (error) {
      if (!(error instanceof SwapConflictError)) throw error;
    }
  }
}

describe('rollbacks of several orders on one row', () => {
  it('loses none of fifty at once, and counts the conflicts it met', async () => {
    const orders = await deductedOrders(50);
    expect(await teapots('available')).toBe(50);
    const version = await teapots('version');

    await Promise.all(orders.map(deliver));

    expect(await teapots('available')).toBe(100);
    expect(await teapots('version')).toBe(version + 50);
    expect(await readNumber(stock.database, 'SELECT sum(quantity) FROM stock_compensation_log')).toBe(50);
    expect(await metrics.swapConflicts()).toBeGreaterThan(0);
  });

  it('loses the swap to a deduct in between, and tries again on the new version', async () => {
    const [order] = await deductedOrders(1);
    const gate = await holdLock(stock.database.pool, lockRowOf(stock));
    const restore = restores[0]!.restore(cancelled(order!, items));
    await untilWaiting(stock.database.pool, 1);
    await gate.release(`UPDATE goods SET available = available - 7, version = version + 1 WHERE goods_id = 'teapot'`);
    await restore;
    expect(await teapots('available')).toBe(93);
    expect(await metrics.swapConflicts()).toBe(1);
  });

  it('loses no rollback among deducts on the same row', async () => {
    const orders = await deductedOrders(25);
    const [restored, deducted] = await Promise.all([Promise.all(orders.map(deliver)), deductedOrders(25)]);
    expect([restored.length, deducted.length]).toEqual([25, 25]);
    expect(await teapots('available')).toBe(75);
    expect(await teapots('version')).toBe(75);
  });

  it('gives up after a bounded number of lost swaps with nothing changed, and succeeds when delivered again', async () => {
    const [order] = await deductedOrders(1);
    // Another transaction changes the row between each read of its version and the swap.
    await stock.database.pool.query(`
      CREATE FUNCTION change_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER change_first BEFORE UPDATE ON goods FOR EACH ROW EXECUTE FUNCTION change_first()`);
    await expect(restores[0]!.restore(cancelled(order!, items))).rejects.toThrow(SwapConflictError);
    await stock.database.pool.query('DROP TRIGGER change_first ON goods');

    expect(await teapots('available')).toBe(99);
    expect(await metrics.swapConflicts()).toBe(12);
    expect(await readNumber(stock.database, 'SELECT count(*) FROM outbox')).toBe(0);
    expect(await readNumber(stock.database, 'SELECT count(*) FROM consumed_messages')).toBe(0);

    expect(await deliver(order!, 0)).toBe(0);
    expect(await teapots('available')).toBe(100);
  });
});
