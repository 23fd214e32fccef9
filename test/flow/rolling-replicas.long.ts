import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { SERVICES, ShopSystem } from '@rocketshop/shop-testkit';
import { expectInvariants } from '../support/expect-invariants.js';
import { Crowd, disturbed, otherThan201, unfinished } from './crowd.js';
import { leaveOpen } from './unfinished-requests.js';

jest.setTimeout(180_000);

let system: ShopSystem;
let crowd: Crowd;
beforeAll(async () => {
  const order = {
    // Longer limits than usual: on a machine that is busy with other work an order must not fail for that reason.
    RPC_TIMEOUT_MS: '8000',
    FLOW_TIMEOUT_MS: '20000',
    // The story ends before any order is closed.
    UNPAID_TIMEOUT_MS: '86400000',
  };
  // Longer than a buyer thinks, so that each of them hears that the replica goes before he sends his next order there.
  const env = Object.fromEntries(SERVICES.map((service) => [service, { DRAIN_MS: '1500' }]));
  system = await ShopSystem.start({ replicas: 2, redis: false, env: { ...env, order: { ...env['order'], ...order } } });
  crowd = await Crowd.gather(system, { buyers: 20, thinkingMs: 400, ordersMin: 75 });
}, 180_000);
afterAll(async () => {
  await system?.stop();
});

it.each(SERVICES)('a rolling restart of %s costs no order, and not even a repeated request', async (service) => {
  const outcomes = await crowd.whileBuying(async () => {
    for (const replica of [0, 1]) {
      const open = await leaveOpen(system.url(service, replica), system.internalUrl(service, replica));
      expect(await system.process(service, replica).stop()).toBe(0);
      for (const socket of open) socket.destroy();
      await system.startProgram(service, replica);
    }
  });
  expect(disturbed(outcomes)).toEqual([]);
});

it.each(SERVICES)('a crash of %s leaves no order without an answer', async (service) => {
  const outcomes = await crowd.whileBuying(async () => {
    await system.killProgram(service, 1);
    await system.startProgram(service, 1);
  });
  expect(unfinished(outcomes)).toEqual([]);
  expect(service === 'order' ? [] : otherThan201(outcomes)).toEqual([]);
});

it.each(SERVICES.filter((service) => service !== 'order'))('a frozen %s costs no order either', async (service) => {
  const frozen = system.process(service, 1);
  const outcomes = await crowd.whileBuying(async () => {
    frozen.signal('SIGSTOP');
    await pause(4_000);
    frozen.signal('SIGCONT');
  });
  expect(otherThan201(outcomes)).toEqual([]);
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(system, 60_000));
