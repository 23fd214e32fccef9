// Leaves orders open in every state and keeps what that needs as a fixture of the version that is checked out:
//   node test/dist/upgrade/make-fixture.main.js test/upgrade/fixtures/<version>
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, SERVICES, ShopSystem } from '@rocketshop/shop-testkit';
import type { ServiceName } from '@rocketshop/shop-testkit';
import { readDatabase } from './database-text.js';
import { LOG_FILE_BYTES, readStore, saveFixture } from './fixture.js';
import { OpenOrders } from './leave-open-orders.js';

const [folder, writtenBy] = process.argv.slice(2);
if (folder === undefined || writtenBy === undefined) {
  console.error('usage: make-fixture <folder> <name of the version>');
  process.exit(2);
}
const home = await mkdtemp(join(tmpdir(), 'rocketshop-fixture-'));
const storeDir = join(home, 'store');
const ledgerFile = join(home, 'provider.jsonl');

const system = await ShopSystem.start({
  timeScale: 1,
  redis: false,
  proxied: ['stock', 'user'],
  env: {
    // The ladder of redeliveries ends in some 200 ms, so that a message gets into the DLQ.
    broker: { STORE_DIR: storeDir, MAPPED_FILE_SIZE_COMMIT_LOG: String(LOG_FILE_BYTES), TIME_SCALE: '100000' },
    'pay-provider': { DATA_FILE: ledgerFile },
    // An order that stays PENDING is not abandoned before this program ends.
    order: { ABANDON_TIMEOUT_MS: '600000' },
  },
  onProgress: (what) => console.log(`${what} is up`),
});

async function textOf(service: ServiceName): Promise<string> {
  const pool = createPool(system.databaseUrl(service), { max: 1 });
  const client = await pool.connect();
  // Such an order would be abandoned after 30 s with the default of ABANDON_TIMEOUT_MS.
  if (service === 'order')
    await client.query(`UPDATE orders SET abandon_at = created_at + interval '30 seconds' WHERE status = 'PENDING'`);
  const text = await readDatabase(client);
  client.release();
  await pool.end();
  return withoutUrls(text);
}

const withoutUrls = (text: string): string =>
  text.replaceAll(system.urls.pay, '{{pay}}').replaceAll(system.urls.provider, '{{provider}}');

try {
  const orders = await OpenOrders.leave(system, storeDir);
  const writtenAt = new Date().toISOString();
  await system.process('pay-provider').stop();
  const texts = await Promise.all(SERVICES.map(async (service) => [service, await textOf(service)]));
  await saveFixture(folder, {
    writtenBy,
    writtenAt,
    orders,
    databases: Object.fromEntries(texts) as Record<ServiceName, string>,
    ledger: withoutUrls(await readFile(ledgerFile, 'utf8')),
    store: await readStore(storeDir),
  });
  console.log(`${orders.length} open orders are in ${folder}`);
} finally {
  await system.stop();
  await rm(home, { recursive: true, force: true });
}
