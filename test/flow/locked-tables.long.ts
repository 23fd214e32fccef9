import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { askForHeldRows, buyAsUsual, holdRows, releaseAll, startShop } from './locked-tables-story.js';
import type { Held } from './locked-tables-story.js';
import { HELD_ROWS } from './locked-tables.js';

jest.setTimeout(300_000);

const HELD_MS = 60_000;

let shop: InProcessShop;
let held: Held[] = [];
beforeAll(async () => {
  shop = await startShop();
}, 120_000);
afterEach(() => Promise.all(held.map(({ lock }) => lock.release())));
afterAll(async () => {
  await shop?.stop();
});

it.each(HELD_ROWS.map((rows, group) => [group, rows] as const))(
  'rows are held for a minute: their buyers are told so, and the others notice nothing: group %i',
  async (_group, rows) => {
    held = await holdRows(shop, rows);
    const until = performance.now() + HELD_MS;
    while (performance.now() < until) {
      const asUsual = buyAsUsual(shop, shop.buyer('grace'));
      const [unclear] = await Promise.all([askForHeldRows(shop.buyer('ada'), held), asUsual]);
      expect(unclear).toEqual([]);
    }
    await releaseAll(shop, held);
  },
);

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
