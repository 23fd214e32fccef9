import { compareWithProvider, DIFFERENCE_KINDS, readShopRecords } from '@rocketshop/shop-testkit';
import type { Difference, DifferenceKind } from '@rocketshop/shop-testkit';
import { readDemoState } from '../demo/demo-state.js';
import { databaseUrlsFromEnvironment, providerEndpointFromEnvironment } from '../invariants/invariants.config.js';

/** Prints every difference under its kind, since each of them is somebody's money. */
function printDifferences(differences: readonly Difference[]): void {
  const kinds = Object.keys(DIFFERENCE_KINDS) as DifferenceKind[];
  for (const kind of kinds) {
    const found = differences.filter((difference) => difference.kind === kind);
    if (found.length === 0) continue;
    console.log(`\n${found.length} ${kind}: ${DIFFERENCE_KINDS[kind]}`);
    for (const { text } of found) console.log(`  ${text}`);
  }
}

try {
  const demo = readDemoState();
  const endpoint = providerEndpointFromEnvironment(demo?.providerEndpoint);
  const records = await readShopRecords(databaseUrlsFromEnvironment(demo?.databaseUrls ?? {}), endpoint);
  const provider = records.provider ?? { lines: [], openCharges: [] };
  const differences = compareWithProvider(records, provider);
  console.log(
    `${provider.lines.length} lines of the bill and ${provider.openCharges.length} open charges, against ${records.payments.length} payments, ${records.refunds.length} refunds and ${records.orders.length} orders: ${differences.length} differences`,
  );
  printDifferences(differences);
  process.exitCode = differences.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`The records could not be read: ${error instanceof Error ? error.message : String(error)}`);
  console.error(
    'Start the shop first (npm run demo, or docker compose up -d), or set PROVIDER_URL, MERCHANT_KEY, ORDER_DATABASE_URL and those of the other four services.',
  );
  process.exitCode = 2;
}
