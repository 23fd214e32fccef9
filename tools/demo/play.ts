import { checkInvariants, readShopRecords, until } from '@rocketshop/shop-testkit';
import type { DatabaseUrls, ProviderEndpoint, ShopUrls } from '@rocketshop/shop-testkit';
import { printInvariants } from '../invariants/print-invariants.js';
import type { ShopControl } from './shop-control.js';
import { logInAll, STORIES } from './stories.js';

/** The outbox tries a message again after 30 s at the latest, so a shop that lost its broker may need longer than that to rest. */
const REST_LIMIT_MS = 60_000;

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Plays all orders. @returns true when each ended as it should */
export async function playStories(urls: ShopUrls, control: ShopControl, interrupted: AbortSignal): Promise<boolean> {
  const buyers = await logInAll(urls);
  const reset = await buyers.ada.resetDemo();
  if (reset.status !== 200) throw new Error(`the shop was not reset: ${reset.status} ${JSON.stringify(reset.body)}`);
  let ok = true;
  console.log(`\nTwelve orders (a day of the shop's timers takes ${Math.round(86_400 / control.timeScale)} s here):\n`);
  for (const [index, story] of STORIES.entries()) {
    const line = `${String(index + 1).padStart(2)}  ${story.title.padEnd(42)}`;
    let outcome: string;
    try {
      const { happened, inconsistentMs } = await story.play(buyers, control);
      outcome = `${happened}${inconsistentMs > 0 ? ` (inconsistent for ${inconsistentMs} ms)` : ''}`;
    } catch (error) {
      ok = false;
      outcome = `FAILED: ${messageOf(error)}`;
    }
    // After an interruption the shop is stopped while the story runs, so its outcome means nothing.
    interrupted.throwIfAborted();
    console.log(`${line}${outcome}`);
  }
  return ok;
}

/** The invariants hold when the shop is at rest, so this waits for the last messages first. */
export async function proveInvariants(urls: DatabaseUrls, provider: ProviderEndpoint): Promise<boolean> {
  const read = async () => checkInvariants(await readShopRecords(urls, provider));
  const isBroken = (invariants: Awaited<ReturnType<typeof read>>) =>
    invariants.some(({ violations }) => violations.length > 0);
  await until(async () => !isBroken(await read()), { timeoutMs: REST_LIMIT_MS, intervalMs: 200 }).catch(
    () => undefined,
  );
  console.log("\nInvariants, read from the five databases and the payment provider's bill:\n");
  return printInvariants(await read());
}
