import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openPayment, place, request, SERVICES, teapots } from '@rocketshop/shop-testkit';
import type { HttpAnswer, OrderAnswer, PaymentAnswer, ServiceName } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';

jest.setTimeout(120_000);

const LONGER_THAN_TRUSTED_MS = 600;

let shop: InProcessShop;
let order: OrderAnswer;
let payment: PaymentAnswer;
beforeAll(async () => {
  shop = await InProcessShop.start();
  order = await place(shop.buyer());
  payment = await openPayment(shop.buyer(), order.orderId);
}, 120_000);
afterEach(() => {
  shop.heal();
  // A stop would wait for what was sent on connections that are forgotten.
  for (const service of SERVICES) shop.databaseProxies[service].reset();
});
afterAll(async () => {
  await shop?.stop();
});

interface Route {
  readonly service: ServiceName;
  readonly name: string;
  readonly call: () => Promise<HttpAnswer<object>>;
}

const get = (service: ServiceName, path: string) => (): Promise<HttpAnswer> =>
  request(`${shop.urls[service]}${path}`, {
    method: 'GET',
    headers: { authorization: `Bearer ${shop.buyer().token}` },
  });

/** A public route of each kind that needs its service's database. */
const ROUTES: readonly Route[] = [
  { service: 'order', name: 'GET /orders', call: get('order', '/orders') },
  { service: 'order', name: 'GET /orders/:orderId', call: () => shop.buyer().readOrder(order.orderId) },
  { service: 'order', name: 'POST /orders', call: () => shop.buyer().placeOrder(teapots()) },
  { service: 'order', name: 'POST /orders/:orderId/cancel', call: () => shop.buyer().cancelOrder(order.orderId) },
  { service: 'stock', name: 'GET /goods', call: get('stock', '/goods') },
  { service: 'coupon', name: 'GET /coupons', call: get('coupon', '/coupons') },
  { service: 'user', name: 'GET /balance', call: get('user', '/balance') },
  {
    service: 'user',
    name: 'POST /demo/token',
    call: () => request(`${shop.urls.user}/demo/token`, { method: 'POST', body: { userId: 'ada' } }),
  },
  { service: 'pay', name: 'GET /payments', call: () => shop.buyer().listPayments(order.orderId) },
  { service: 'pay', name: 'GET /payments/:paymentId', call: () => shop.buyer().readPayment(payment.paymentId) },
  { service: 'pay', name: 'POST /payments', call: () => shop.buyer().openPayment(order.orderId) },
];

const isServed = ({ status }: { readonly status: number }): boolean => status < 500;

describe('PostgreSQL crashes', () => {
  it('every route answers 503 and when to come again, and the first request on each succeeds when it is back', async () => {
    await shop.crashPostgres(async () => {
      for (const { name, call } of ROUTES) {
        const { status, headers, body } = await call();
        expect([name, status, headers.get('retry-after') !== null, 'code' in body]).toEqual([name, 503, true, true]);
      }
    });
    for (const { name, call } of ROUTES) expect([name, isServed(await call())]).toEqual([name, true]);
  });
});

describe('PostgreSQL is back after it vanished without a word, or a firewall has forgotten its connections', () => {
  it('the first request on each route succeeds, although the idle connections still look open', async () => {
    await Promise.all(ROUTES.map(({ call }) => call()));
    // A connection that was used a moment ago is not asked. No outage is that short.
    await pause(LONGER_THAN_TRUSTED_MS);
    for (const service of SERVICES) shop.databaseProxies[service].forgetConnections();
    for (const { name, call } of ROUTES) expect([name, isServed(await call())]).toEqual([name, true]);
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
