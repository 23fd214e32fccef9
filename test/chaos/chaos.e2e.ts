import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runCampaign } from './campaign.js';
import { makePlan } from './plan.js';
import type { OrderRecord } from '@rocketshop/shop-testkit';
import type { Told } from './buyer.js';
import { findUntruths } from './truth.js';

jest.setTimeout(180_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rocketshop-chaos-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a plan', () => {
  it('is the same for the same seed, and another one for another seed', () => {
    const options = { orders: 300, ordersPerFault: 10 };
    const plan = makePlan({ seed: 7, ...options });
    expect(makePlan({ seed: 7, ...options })).toEqual(plan);
    expect(makePlan({ seed: 8, ...options }).faults).not.toEqual(plan.faults);
  });

  it('deals every kind of fault before it deals one again', () => {
    const { faults } = makePlan({ seed: 1, orders: 10 * 27, ordersPerFault: 10 });
    expect(new Set(faults.map(({ fault }) => fault.kind)).size).toBe(10);
  });
});

describe('the check of what buyers were told', () => {
  const order = { order_id: 'o', user_id: 'ada', status: 'PAID', idempotency_key: 'k' } as const;
  const plan = { ...makePlan({ seed: 1, orders: 1, ordersPerFault: 1 }).orders[0], userId: 'ada', key: 'k' };
  const answer = (status: number, code?: string, orderId = 'o') => ({
    status,
    headers: new Headers(),
    body: { orderId, code },
  });
  const told = (more: Partial<Record<keyof Told, unknown>>): Told =>
    ({ plan, placed: [answer(201)], cancels: [], statuses: [], hasPaid: false, ...more }) as unknown as Told;

  it.each<[string, Told, Partial<OrderRecord>]>([
    ['ends open', told({}), { status: 'CONFIRMED' }],
    ['does not exist', told({ placed: [answer(201, undefined, 'lost')] }), {}],
    ['in 2 ways', told({ placed: [answer(201), answer(503, 'FLOW_LOST')] }), {}],
    ['ALREADY_PAID', told({ cancels: ['ORDER_ALREADY_PAID'] }), { status: 'CANCELLED' }],
    ['after it was PAID', told({ statuses: ['PAID'] }), { status: 'CANCELLED' }],
    ['told 503', told({ placed: [answer(503, 'FLOW_LOST')] }), {}],
  ])('finds that an order %s', (_what, buyer, changed) => {
    expect(findUntruths([told({})], [order])).toEqual([]);
    expect(findUntruths([buyer], [{ ...order, ...changed }])).toHaveLength(1);
  });
});

it('a shop that is broken for some seconds comes to rest with nothing lost and every answer true', async () => {
  const deck = ['kill', 'freeze', 'vanish', 'crash-postgres', 'lose-answers', 'flush-redis'] as const;
  const plan = makePlan({ seed: 1, orders: 90, ordersPerFault: 12, deck });
  const { violations, faults, copies, orders } = await runCampaign({ plan, folder, paceMs: 120 });
  expect(violations).toEqual([]);
  expect([faults, copies > 0, (orders['PAID'] ?? 0) > 0, (orders['CANCELLED'] ?? 0) > 0]).toEqual([
    7,
    true,
    true,
    true,
  ]);
});
