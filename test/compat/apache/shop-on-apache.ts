import { request, ShopClient, ShopSystem, until, type ApacheRocketmq } from '@rocketshop/shop-testkit';
import { checkInvariants, readShopRecords } from '@rocketshop/shop-testkit/invariants';
import { checkRow, type Row } from '../report.js';
import { SHOP_STORIES } from './shop-stories.js';

const CLIENT = 'shop';
/** How long an order waits for its payment here, ms: eight minutes of the scaled clock, a level of the ladder. */
const UNPAID_MS = 8_000;
/** The sweeper under the timers is kept out of the way: an order must be closed by its delayed message. */
const SWEEP_MS = 120_000;

/** The built services on Apache RocketMQ: a row a story, and one for the invariants at the end. */
export async function shopOnApache(apache: ApacheRocketmq, timeScale: number): Promise<Row[]> {
  const system = await ShopSystem.start({
    namesrvAddr: apache.namesrvAddr,
    timeScale,
    redis: false,
    env: {
      order: { UNPAID_TIMEOUT_MS: String(UNPAID_MS * timeScale), SWEEP_INTERVAL_MS: String(SWEEP_MS * timeScale) },
    },
  });
  try {
    const { urls } = system;
    await request(`${urls.order}/demo/reset`, { method: 'POST' });
    const [ada, grace] = await Promise.all([ShopClient.logIn(urls, 'ada'), ShopClient.logIn(urls, 'grace')]);
    const rows: Row[] = [];
    for (const { title, play } of SHOP_STORIES)
      rows.push(await checkRow(CLIENT, title, () => play({ ada, grace, apache })));
    rows.push(await checkRow(CLIENT, 'invariants C1 to C7', () => proveInvariants(system)));
    return rows;
  } finally {
    await system.stop();
  }
}

/** They are about a shop at rest: the last messages get a moment to arrive. */
async function proveInvariants(system: ShopSystem): Promise<string> {
  const broken = async (): Promise<string[]> =>
    checkInvariants(await readShopRecords(system.databaseUrls)).flatMap(({ id, violations }) =>
      violations.map((violation) => `${id}: ${violation}`),
    );
  await until(async () => (await broken()).length === 0, { timeoutMs: 60_000, intervalMs: 250 }).catch(async () => {
    throw new Error((await broken()).slice(0, 5).join('; '));
  });
  return 'hold';
}
