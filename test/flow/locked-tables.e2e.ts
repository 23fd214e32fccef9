import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { until } from '@rocketshop/shop-testkit';
import type { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import {
  askForHeldRows,
  buyAsUsual,
  holdRows,
  nameOf,
  releaseAll,
  startShop,
  tablesOf,
} from './locked-tables-story.js';
import type { Held } from './locked-tables-story.js';
import { HELD_ROWS } from './locked-tables.js';

jest.setTimeout(120_000);

let shop: InProcessShop;
let held: Held[] = [];
beforeAll(async () => {
  shop = await startShop();
}, 120_000);
afterEach(() => Promise.all(held.map(({ lock }) => lock.release())));
afterAll(async () => {
  await shop?.stop();
});

/** Answers to the cancels wait for the orders' rows, while most connections are free. */
async function untilMetricsShowWaiters(): Promise<void> {
  const url = `${shop.internalUrlOf('order')}/metrics`;
  const value = (page: string, name: string): number =>
    Number(new RegExp(`^${name}[,}].* ([0-9.]+)$`, 'm').exec(page)?.[1]);
  await until(
    async () => {
      const page = await (await fetch(url)).text();
      const busy = value(page, 'database_connections\\{pool="requests",state="busy"');
      const max = value(page, 'database_connections_max\\{pool="requests"');
      return value(page, 'database_lock_waiters\\{pool="requests"') > 0 && busy < max;
    },
    { timeoutMs: 30_000, description: 'the metrics to show transactions that wait for a lock' },
  );
}

it('rows are held in every table that there is', async () => {
  expect(HELD_ROWS.flat().map(nameOf).toSorted()).toEqual(await tablesOf(shop));
});

it.each(HELD_ROWS.map((rows, group) => [group, rows] as const))(
  'held rows hold up those who want them, who are told so, and nobody else: group %i',
  async (group, rows) => {
    held = await holdRows(shop, rows);
    const asUsual = buyAsUsual(shop, shop.buyer('grace'));
    const [unclear] = await Promise.all([askForHeldRows(shop.buyer('ada'), held), asUsual]);
    expect(unclear).toEqual([]);
    if (group === 0) await untilMetricsShowWaiters();
    await releaseAll(shop, held);
  },
);

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
