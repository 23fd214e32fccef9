import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SERVICES } from '@rocketshop/shop-testkit';
import type { OrderRecord } from '@rocketshop/shop-testkit';
import type { Told } from './buyer.js';
import { runCampaign } from './campaign.js';
import { makePlan } from './plan.js';
import type { Fault, PlannedFault } from './plan.js';
import { findUntruths } from './truth.js';

jest.setTimeout(300_000);

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

const faultAt = (atOrder: number, forMs: number, fault: Fault): PlannedFault => ({ atOrder, forMs, fault });

/** One replica of each service is killed, and between the kills comes one fault of each other kind that lasts a moment only. */
const FAULTS: readonly PlannedFault[] = [
  ...SERVICES.map((program, index) => faultAt(8 + 16 * index, 1_000, { kind: 'kill', program, replica: index % 2 })),
  faultAt(16, 1_500, { kind: 'freeze', program: 'broker', replica: 0 }),
  faultAt(30, 2_000, { kind: 'vanish', door: 'order.database#1', direction: 'answer', late: false }),
  faultAt(38, 2_000, { kind: 'lose-answers', door: 'order.http#0', share: 0.3 }),
  faultAt(46, 1_000, { kind: 'crash-postgres' }),
  faultAt(64, 1_500, { kind: 'lose-answers', door: 'pay.database#0', share: 0.1 }),
  faultAt(70, 1_000, { kind: 'flush-redis' }),
  faultAt(78, 1_500, { kind: 'vanish', door: 'stock.rpc#1', direction: 'both', late: true }),
].toSorted((a, b) => a.atOrder - b.atOrder);

it('two replicas of each service lose nothing and say nothing untrue while one after the other is broken', async () => {
  const orders = makePlan({ seed: 1, orders: 100, ordersPerFault: 100 }).orders.map((order) =>
    // Ten orders are paid and cancelled at the same moment.
    order.index % 10 === 4 ? Object.assign(order, { ending: 'pay and cancel', leavesAfterMs: undefined }) : order,
  );
  const result = await runCampaign({ plan: { seed: 1, orders, faults: FAULTS }, folder, paceMs: 100, restMs: 90_000 });
  expect(result.violations).toEqual([]);
  expect(result.faults).toBe(FAULTS.length);
  expect(result.copies).toBeGreaterThan(0);
  expect(result.orders['PAID']).toBeGreaterThan(10);
  expect(result.orders['CANCELLED']).toBeGreaterThan(10);
});
