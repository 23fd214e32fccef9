import { expect } from '@jest/globals';
import { checkInvariants, readShopRecords, until } from '@rocketshop/shop-testkit';
import type { DatabaseUrls, ProviderEndpoint } from '@rocketshop/shop-testkit';

/**
 * Waits up to `timeoutMs` for the last messages, until C1 to C8 hold. The failure shows every violation. A story that invents
 * transactions gives no provider, since they are not on its bill.
 */
export async function expectInvariants(
  {
    databaseUrls,
    providerEndpoint,
  }: { readonly databaseUrls: DatabaseUrls; readonly providerEndpoint?: ProviderEndpoint },
  timeoutMs = 30_000,
): Promise<void> {
  let violations: string[] = [];
  const read = async () => {
    violations = checkInvariants(await readShopRecords(databaseUrls, providerEndpoint)).flatMap((invariant) =>
      invariant.violations.map((violation) => `${invariant.id} ${violation}`),
    );
    return violations.length === 0;
  };
  await until(read, { timeoutMs, intervalMs: 100 }).catch(() => undefined);
  expect(violations).toEqual([]);
}
