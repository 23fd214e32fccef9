import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { runCampaign } from './campaign.js';
import { makePlan } from './plan.js';
import { planted, PLANTS } from './plants.js';

jest.setTimeout(300_000);

/** A green run says something only when the same run is red with a bug in the code. */
it.each(PLANTS.map((plant) => [plant.name, plant] as const))('the run finds %s', async (_name, plant) => {
  const folder = await mkdtemp(join(tmpdir(), 'rocketshop-planted-'));
  try {
    const plan = makePlan({ seed: 3, orders: 300, ordersPerFault: 25, deck: ['freeze', 'vanish', 'lose-answers'] });
    const { violations } = await runCampaign({ plan, folder, paceMs: 80, restMs: 20_000, shop: planted(plant) });
    expect(violations.filter((violation) => plant.caught.test(violation))).not.toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
