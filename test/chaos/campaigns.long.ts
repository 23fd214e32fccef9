import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { SERVICES } from '@rocketshop/shop-testkit';
import { runCampaign } from './campaign.js';
import { makePlan } from './plan.js';
import type { Plan, PlannedFault } from './plan.js';

jest.setTimeout(900_000);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-chaos-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const runWith = (orders: number, faults: readonly PlannedFault[]) => {
  const plan: Plan = { ...makePlan({ seed: 5, orders, ordersPerFault: orders }), faults };
  return runCampaign({ plan, folder, paceMs: 140 });
};

it.each([0, 1])(
  'every service and its relay is frozen for 60 s in mid-work, replica %i, and thaws',
  async (replica) => {
    const faults = SERVICES.map((program, index): PlannedFault => ({
      atOrder: 20 + index,
      forMs: 60_000,
      fault: { kind: 'freeze', program, replica },
    }));
    const { violations, faults: made } = await runWith(550, faults);
    expect(violations).toEqual([]);
    expect(made).toBe(SERVICES.length);
  },
);

it('the provider is away for longer than it would repeat a callback: cancels succeed, and the money goes back', async () => {
  const away: PlannedFault = { atOrder: 60, forMs: 30_000, fault: { kind: 'outage', program: 'pay-provider' } };
  const { violations } = await runWith(400, [away]);
  expect(violations).toEqual([]);
});

it.each([1, 2, 3])('2,000 orders with seed %i: nothing is lost', async (seed) => {
  const plan = makePlan({ seed, orders: 2_000, ordersPerFault: 28 });
  const { violations } = await runCampaign({ plan, folder, paceMs: 140 });
  expect(violations).toEqual([]);
});
