import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { place, openPayment, ShopClient, ShopSystem, untilStatus } from '@rocketshop/shop-testkit';
import { expectInvariants } from '../support/expect-invariants.js';
import { wallClockAhead } from '../support/wall-clock.js';

jest.setTimeout(180_000);

const HOUR_MS = 3_600_000;
const CART = { items: [{ goodsId: 'teapot', quantity: 1 }], balanceToUse: '100' };

let system: ShopSystem;
beforeAll(async () => {
  // pay and the provider compare clocks: callbacks have a tolerance of five minutes. user signs the buyers' tokens, and nobody who
  // reads them is ahead of it.
  system = await ShopSystem.start({
    timeScale: 360,
    redis: false,
    nodeArgs: {
      order: wallClockAhead(HOUR_MS),
      stock: wallClockAhead(-HOUR_MS),
      coupon: wallClockAhead(HOUR_MS),
      user: wallClockAhead(HOUR_MS),
    },
  });
}, 180_000);
afterAll(async () => {
  await system?.stop();
});

it('a shop whose clocks differ by hours sells, takes payment, cancels and closes', async () => {
  const [ada, grace] = await Promise.all([
    ShopClient.logIn(system.urls, 'ada'),
    ShopClient.logIn(system.urls, 'grace'),
  ]);
  const paid = await place(ada, { ...CART, couponId: 'ada-five' });
  await ada.pay(await openPayment(ada, paid.orderId));
  await untilStatus(ada, paid.orderId, 'PAID');
  const cancelled = await place(grace, CART);
  await grace.cancelOrder(cancelled.orderId);
  await untilStatus(grace, cancelled.orderId, 'CANCELLED');
  // The 30 minutes to pay are 5 s here: neither at once nor an hour later.
  const unpaid = await place(grace, CART);
  expect((await grace.readOrder(unpaid.orderId)).body.status).toBe('CONFIRMED');
  await untilStatus(grace, unpaid.orderId, 'CANCELLED');
  await expectInvariants(system);
});

it('shows the difference where somebody can see it', async () => {
  const page = await (await fetch(`${system.internalUrl('order')}/metrics`)).text();
  const difference = (remote: string) =>
    Number(new RegExp(`peer_clock_difference_seconds\\{remote="${remote}"[^}]*\\} (-?[\\d.]+)`).exec(page)?.[1]);
  expect(difference('stock')).toBeCloseTo(-7_200, -2);
  expect(difference('coupon')).toBeCloseTo(0, -2);
  expect(difference('user')).toBeCloseTo(0, -2);
});
