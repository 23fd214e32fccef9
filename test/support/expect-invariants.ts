import { expect } from '@jest/globals';
import { checkInvariants } from '../invariants/invariants.js';
import { readShopRecords, type DatabaseUrls } from '../invariants/shop-records.js';
import { until } from './until.js';

/** C1 to C7 hold when the last messages have arrived, which gets `timeoutMs`. Every violation is in the failure's text. */
export async function expectInvariants(
  { databaseUrls }: { readonly databaseUrls: DatabaseUrls },
  timeoutMs = 30_000,
): Promise<void> {
  const violations = async () =>
    checkInvariants(await readShopRecords(databaseUrls)).flatMap((invariant) =>
      invariant.violations.map((violation) => `${invariant.id} ${violation}`),
    );
  await until(async () => (await violations()).length === 0, { timeoutMs, intervalMs: 100 }).catch(() => undefined);
  expect(await violations()).toEqual([]);
}
