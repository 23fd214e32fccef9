import { expect } from '@jest/globals';
import { checkInvariants, readShopRecords, until } from '@rocketshop/shop-testkit';
import type { DatabaseUrls } from '@rocketshop/shop-testkit';

/** Waits up to `timeoutMs` for the last messages, until C1 to C7 hold. The failure shows every violation. */
export async function expectInvariants(
  { databaseUrls }: { readonly databaseUrls: DatabaseUrls },
  timeoutMs = 30_000,
): Promise<void> {
  let violations: string[] = [];
  const read = async () => {
    violations = checkInvariants(await readShopRecords(databaseUrls)).flatMap((invariant) =>
      invariant.violations.map((violation) => `${invariant.id} ${violation}`),
    );
    return violations.length === 0;
  };
  await until(read, { timeoutMs, intervalMs: 100 }).catch(() => undefined);
  expect(violations).toEqual([]);
}
