import { checkInvariants, readShopRecords } from '@rocketshop/shop-testkit';
import { readDemoState } from '../demo/demo-state.js';
import { databaseUrlsFromEnvironment, providerEndpointFromEnvironment } from './invariants.config.js';
import { printInvariants } from './print-invariants.js';

try {
  const demo = readDemoState();
  const records = await readShopRecords(
    databaseUrlsFromEnvironment(demo?.databaseUrls ?? {}),
    providerEndpointFromEnvironment(demo?.providerEndpoint),
  );
  console.log(
    `${records.orders.length} orders, ${records.payments.length} payments, ${records.refunds.length} refunds`,
  );
  process.exitCode = printInvariants(checkInvariants(records)) ? 0 : 1;
} catch (error) {
  console.error(`The records could not be read: ${error instanceof Error ? error.message : String(error)}`);
  console.error(
    'Start the shop first (npm run demo, or docker compose up -d), or set PROVIDER_URL, MERCHANT_KEY, ORDER_DATABASE_URL and those of the other four services.',
  );
  process.exitCode = 2;
}
