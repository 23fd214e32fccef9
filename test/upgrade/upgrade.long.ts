import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createPool,
  openPayment,
  repositoryRoot,
  SERVICES,
  ShopClient,
  ShopSystem,
  until,
} from '@rocketshop/shop-testkit';
import type { DatabaseUrls, ShopUrls } from '@rocketshop/shop-testkit';
import { expectInvariants } from '../support/expect-invariants.js';
import { writeDatabase } from './database-text.js';
import { LOG_FILE_BYTES, loadFixture, writeStore } from './fixture.js';
import type { Fixture, OpenOrder } from './fixture.js';

jest.setTimeout(120_000);

/** What that version left behind with orders open in every state. make-fixture.main.ts has written it with that version's code. */
const VERSION = '9b82af4';
/** The upgrade takes longer than buyers have to pay, so that every timer is over when the new version starts. */
const UPGRADE_MS = 31 * 60_000;
const PAYS_LATER = 'confirmed, and its buyer pays after the upgrade';

let fixture: Fixture;
let system: ShopSystem;
let folder: string;

/** Instants are moved to now: an upgrade begins when the old version has stopped. */
async function restore(databases: DatabaseUrls, urls: ShopUrls): Promise<void> {
  const withUrls = (text: string): string =>
    text.replaceAll('{{pay}}', urls.pay).replaceAll('{{provider}}', urls.provider);
  await writeFile(join(folder, 'provider.jsonl'), withUrls(fixture.ledger));
  const shiftMs = Date.now() - Date.parse(fixture.writtenAt) - UPGRADE_MS;
  for (const service of SERVICES) {
    const pool = createPool(databases[service], { max: 1 });
    const client = await pool.connect();
    await writeDatabase(client, withUrls(fixture.databases[service]), shiftMs);
    if (service === 'order') {
      // This buyer has his half hour to pay still before him.
      const waiting = orderCalled(PAYS_LATER).orderId;
      await client.query(`UPDATE orders SET close_at = now() + interval '30 minutes' WHERE order_id = $1`, [waiting]);
    }
    client.release();
    await pool.end();
  }
}

function orderCalled(name: string): OpenOrder {
  const found = fixture.orders.find((order) => order.name === name);
  if (!found) throw new Error(`no order "${name}" was left`);
  return found;
}

beforeAll(async () => {
  fixture = await loadFixture(join(repositoryRoot, 'test/upgrade/fixtures', VERSION));
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-upgrade-'));
  await writeStore(join(folder, 'store'), fixture.store);
  system = await ShopSystem.start({
    timeScale: 360,
    redis: false,
    prepare: restore,
    env: {
      broker: { STORE_DIR: join(folder, 'store'), MAPPED_FILE_SIZE_COMMIT_LOG: String(LOG_FILE_BYTES) },
      'pay-provider': { DATA_FILE: join(folder, 'provider.jsonl') },
    },
  });
}, 120_000);
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const logIn = (user: string) => ShopClient.logIn(system.urls, user);

describe(`orders that version ${VERSION} left open`, () => {
  it('can still be paid by a buyer whose time is not over', async () => {
    const { orderId, buyer } = orderCalled(PAYS_LATER);
    const client = await logIn(buyer);
    await client.pay(await openPayment(client, orderId));
  });

  it('all reach their right end', async () => {
    const clients = new Map([
      ['ada', await logIn('ada')],
      ['grace', await logIn('grace')],
    ]);
    const ends = async (): Promise<string[]> =>
      Promise.all(
        fixture.orders.map(async ({ name, buyer, orderId, ends: right }) => {
          const answer = await clients.get(buyer)?.readOrder(orderId);
          const status = answer?.body.status ?? '';
          return right.includes(status) ? '' : `${name}: ${status || answer?.status}, not ${right.join(' or ')}`;
        }),
      );
    let wrong: string[] = [];
    await until(async () => (wrong = (await ends()).filter(Boolean)).length === 0, {
      timeoutMs: 60_000,
      intervalMs: 200,
    }).catch(() => undefined);
    expect(wrong).toEqual([]);
  });

  it('leave every item, coupon and cent where it belongs', () => expectInvariants(system, 60_000));

  it('answer a repeated key as before', async () => {
    for (const { name, buyer, orderId, key, cart, answered } of fixture.orders.filter(
      (order) => order.answered === 201,
    )) {
      const client = await logIn(buyer);
      const again = await client.placeOrder(cart, key);
      expect([name, again.status, again.body.orderId]).toEqual([name, answered, orderId]);
    }
  });
});
