import { checkInvariants, readShopRecords, ShopClient, ShopSystem, until } from '@rocketshop/shop-testkit';
import type { ApacheRocketmq } from '@rocketshop/shop-testkit';
import { checkRow } from '../report.js';
import type { Row } from '../report.js';
import { SHOP_STORIES } from './shop-stories.js';

const CLIENT = 'shop';
/** The time to pay an order, ms: eight minutes on the scaled clock, which is a delay level. */
const UNPAID_MS = 8_000;
/** The sweeper runs too rarely to close an order here, so that the delayed message must close it. */
const SWEEP_MS = 120_000;

/** Runs the services on Apache RocketMQ. Each story is a row, and the invariants at the end are one more. */
export async function shopOnApache(apache: ApacheRocketmq, timeScale: number): Promise<Row[]> {
  const system = await ShopSystem.start({
    namesrvAddr: apache.namesrvAddr,
    timeScale,
    redis: false,
    gates: true,
    env: {
      order: { UNPAID_TIMEOUT_MS: String(UNPAID_MS * timeScale), SWEEP_INTERVAL_MS: String(SWEEP_MS * timeScale) },
    },
  });
  try {
    const { urls } = system;
    const [ada, grace] = await Promise.all([ShopClient.logIn(urls, 'ada'), ShopClient.logIn(urls, 'grace')]);
    await ada.resetDemo();
    const rows: Row[] = [];
    const providerGate = system.gate('pay-provider.http#0');
    const stage = { ada, grace, apache, providerGate, providerUrl: urls.provider };
    for (const { title, play } of SHOP_STORIES) rows.push(await checkRow(CLIENT, title, () => play(stage)));
    rows.push(await checkRow(CLIENT, 'invariants C1 to C8', () => proveInvariants(system)));
    return rows;
  } finally {
    await system.stop();
  }
}

/** Waits for the last messages, since the invariants hold only when the shop is at rest. */
async function proveInvariants(system: ShopSystem): Promise<string> {
  const broken = async (): Promise<string[]> =>
    checkInvariants(await readShopRecords(system.databaseUrls, system.providerEndpoint)).flatMap(({ id, violations }) =>
      violations.map((violation) => `${id}: ${violation}`),
    );
  await until(async () => (await broken()).length === 0, { timeoutMs: 60_000, intervalMs: 250 }).catch(async () => {
    throw new Error((await broken()).slice(0, 5).join('; '));
  });
  return 'hold';
}
