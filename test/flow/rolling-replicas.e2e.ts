import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { ShopSystem } from '@rocketshop/shop-testkit';
import { expectInvariants } from '../support/expect-invariants.js';
import { Crowd, disturbed, otherThan201 } from './crowd.js';
import { leaveOpen } from './unfinished-requests.js';

// `rolling-replicas.long.ts` does the same to each service. Here one program of each kind must do.
jest.setTimeout(60_000);

let system: ShopSystem;
let crowd: Crowd;
beforeAll(async () => {
  const order = { RPC_TIMEOUT_MS: '8000', FLOW_TIMEOUT_MS: '20000', UNPAID_TIMEOUT_MS: '86400000', DRAIN_MS: '1000' };
  system = await ShopSystem.start({ replicas: 2, redis: false, env: { order } });
  crowd = await Crowd.gather(system, { buyers: 20, thinkingMs: 150, ordersMin: 60 });
}, 120_000);
afterAll(async () => {
  await system?.stop();
});

it('a clean stop of stock costs no order, and not even a repeated request', async () => {
  const outcomes = await crowd.whileBuying(async () => {
    expect(await system.process('stock', 0).stop()).toBe(0);
  });
  expect(disturbed(outcomes)).toEqual([]);
});

it('a clean stop of order costs its 20 clients nothing, and nobody who sends half a request holds it up', async () => {
  const outcomes = await crowd.whileBuying(async () => {
    const open = await leaveOpen(system.url('order', 0), system.internalUrl('order', 0));
    expect(await system.process('order', 0).stop()).toBe(0);
    for (const socket of open) socket.destroy();
  });
  expect(disturbed(outcomes)).toEqual([]);
});

it('a crash of user and a frozen coupon cost no order', async () => {
  const frozen = system.process('coupon', 1);
  const outcomes = await crowd.whileBuying(async () => {
    frozen.signal('SIGSTOP');
    await system.killProgram('user', 0);
  });
  frozen.signal('SIGCONT');
  expect(otherThan201(outcomes)).toEqual([]);
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(system));
