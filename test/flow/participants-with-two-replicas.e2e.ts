import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  checkUser,
  deductBalance,
  deductStock,
  orderCancelled,
  quoteCoupon,
  quoteGoods,
  resetCouponDemo,
  resetStockDemo,
  resetUserDemo,
  useCoupon,
} from '@rocketshop/contracts';
import { until } from '@rocketshop/shop-testkit';
import { cancelled, newOrderId, ParticipantProcesses } from '@rocketshop/shop-testkit/in-process';

// A consumer sees a new topic only when it reads the routes again, some seconds later.
jest.setTimeout(90_000);

const items = [{ goodsId: 'teapot', quantity: 3 }];
const cart = { userId: 'ada', couponId: 'ada-five', currency: 'EUR' };

let shop: ParticipantProcesses;
beforeAll(async () => {
  shop = await ParticipantProcesses.start();
}, 180_000);
afterAll(() => shop.stop());

/** Calls the deducts of an order at all three participants. */
const takeAll = (orderId: string, replica = 0) =>
  Promise.all([
    shop.call('stock', deductStock, { orderId, items }, replica),
    shop.call('coupon', useCoupon, { orderId, couponId: 'ada-five', userId: 'ada', discount: '500' }, replica),
    shop.call('user', deductBalance, { orderId, userId: 'ada', amount: '2500', currency: 'EUR' }, replica),
  ]);
const TAKEN = [{ ok: true }, { ok: true }, { ok: true }];
const untilAllAnswered = (orderId: string, times = 1) =>
  until(() => shop.answersTo(orderId).size === 3 && shop.countAnswersTo(orderId) >= 3 * times, {
    timeoutMs: 60_000,
    description: `the answers of all three to ${times} cancel(s) of ${orderId}`,
  });
const teapots = () => shop.readNumber('stock', `SELECT available FROM goods WHERE goods_id = 'teapot'`);
const adasBalance = () => shop.readNumber('user', `SELECT balance FROM accounts WHERE user_id = 'ada'`);
const usedCoupons = () => shop.readNumber('coupon', 'SELECT count(order_id) FROM coupons');
const ALL_BACK = new Set(['stock RESTORED', 'coupon RESTORED', 'user RESTORED']);
const ALL_FENCED = new Set(['stock FENCED', 'coupon FENCED', 'user FENCED']);
const NOTHING_TAKEN = [100, 10_000, 0];
const state = async () => [await teapots(), await adasBalance(), await usedCoupons()];

describe('two replicas of stock, coupon and user', () => {
  it('quote prices, discounts and eligibility', async () => {
    const total = '3750';
    expect(await shop.call('stock', quoteGoods, { items })).toEqual({
      ok: true,
      currency: 'EUR',
      items: [{ goodsId: 'teapot', name: 'Teapot', quantity: 3, unitPrice: '1250' }],
    });
    expect(await shop.call('coupon', quoteCoupon, { ...cart, total })).toEqual({ ok: true, discount: '500' });
    expect(await shop.call('coupon', quoteCoupon, { ...cart, total: '999' })).toMatchObject({
      ok: false,
      code: 'COUPON_MINIMUM_NOT_REACHED',
    });
    const asked = { userId: 'grace', currency: 'EUR' };
    expect(await shop.call('user', checkUser, { ...asked, balanceToUse: '2000' })).toEqual({ ok: true });
    expect(await shop.call('user', checkUser, { ...asked, balanceToUse: '2001' })).toMatchObject({
      code: 'BALANCE_TOO_SMALL',
    });
  });

  it('take once though the same order asks both, and give back once though both have the cancel', async () => {
    const order = newOrderId();
    expect(await takeAll(order, 0)).toEqual(TAKEN);
    expect(await takeAll(order, 1)).toEqual(TAKEN);
    expect(await state()).toEqual([97, 7_500, 1]);

    await shop.publish(orderCancelled.topic, cancelled(order, items));
    await untilAllAnswered(order);
    expect(shop.answersTo(order)).toEqual(ALL_BACK);
    expect(await state()).toEqual(NOTHING_TAKEN);
  });

  it('change nothing and answer each time when one cancel is published five times', async () => {
    const order = newOrderId();
    expect(await takeAll(order)).toEqual(TAKEN);
    for (let copy = 0; copy < 5; copy++) await shop.publish(orderCancelled.topic, cancelled(order, items));
    await untilAllAnswered(order, 5);
    expect(shop.answersTo(order)).toEqual(ALL_BACK);
    expect(await state()).toEqual(NOTHING_TAKEN);
  });

  it('fence off an order that never came, and refuse it when it comes after all', async () => {
    const order = newOrderId();
    await shop.publish(orderCancelled.topic, cancelled(order, items));
    await untilAllAnswered(order);
    expect(shop.answersTo(order)).toEqual(ALL_FENCED);
    expect((await takeAll(order)).map((answer) => answer.ok || answer.code)).toEqual(Array(3).fill('ORDER_FENCED'));
    expect(await state()).toEqual(NOTHING_TAKEN);
  });

  it('finish a cancel that reached them while PostgreSQL was down', async () => {
    const order = newOrderId();
    expect(await takeAll(order)).toEqual(TAKEN);
    await shop.whileDatabaseIsDown(() => shop.publish(orderCancelled.topic, cancelled(order, items)));
    await untilAllAnswered(order);
    expect(shop.answersTo(order)).toEqual(ALL_BACK);
    expect(await state()).toEqual(NOTHING_TAKEN);
  });

  it('go on when one replica of each is killed, and when another one drains', async () => {
    const order = newOrderId();
    expect(await takeAll(order)).toEqual(TAKEN);
    for (const [first] of Object.values(shop.replicas)) await first?.process.kill();
    await shop.publish(orderCancelled.topic, cancelled(order, items));
    await untilAllAnswered(order);
    expect(await state()).toEqual(NOTHING_TAKEN);

    const names = ['stock', 'coupon', 'user'] as const;
    const fresh = await Promise.all(names.map((name) => shop.startReplica(name)));
    const codes = await Promise.all(names.map(async (name) => shop.replicas[name][1]?.process.stop()));
    expect(codes).toEqual([0, 0, 0]);
    names.forEach((name, index) => (shop.replicas[name] = [fresh[index]!]));

    const next = newOrderId();
    expect(await takeAll(next)).toEqual(TAKEN);
    await shop.publish(orderCancelled.topic, cancelled(next, items));
    await untilAllAnswered(next);
    expect(await state()).toEqual(NOTHING_TAKEN);
  });
});

describe('the pages of stock, coupon and user', () => {
  it('list goods for everybody', async () => {
    const answer = await shop.get('stock', '/goods');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toContainEqual({
      goodsId: 'teapot',
      name: 'Teapot',
      unitPrice: '1250',
      currency: 'EUR',
      available: 100,
    });
  });

  it('show a buyer his own coupons and balance, and nobody anything without a token', async () => {
    const coupons = (await (await shop.get('coupon', '/coupons', 'ada')).json()) as { couponId: string }[];
    expect(coupons.map((coupon) => coupon.couponId)).toEqual(['ada-five', 'ada-two']);
    const expired = await (await shop.get('coupon', '/coupons', 'linus')).json();
    expect(expired).toEqual([expect.objectContaining({ couponId: 'linus-expired', state: 'EXPIRED' })]);
    expect(await (await shop.get('user', '/balance', 'grace')).json()).toEqual({
      userId: 'grace',
      balance: '2000',
      currency: 'EUR',
    });
    expect((await shop.get('coupon', '/coupons')).status).toBe(401);
    expect((await shop.get('user', '/balance')).status).toBe(401);
    expect((await shop.get('user', '/balance', 'nobody')).status).toBe(404);
  });

  it('give a demo token to a buyer there is, and answer problems as problem+json', async () => {
    const issued = await shop.post('user', '/demo/token', { userId: 'ada' });
    expect(issued.status).toBe(201);
    const { token } = (await issued.json()) as { token: string };
    const own = await fetch(`${shop.replicas.user[0]?.http}/balance`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await own.json()).toMatchObject({ userId: 'ada' });

    const unknown = await shop.post('user', '/demo/token', { userId: 'mallory' });
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([
      404,
      expect.stringContaining('problem+json'),
    ]);
    expect(await unknown.json()).toMatchObject({ code: 'USER_NOT_FOUND' });
    const tooMuch = await shop.post('user', '/demo/token', { userId: 'ada', admin: true });
    expect(tooMuch.status).toBe(400);
  });

  it.each(['stock', 'coupon', 'user'] as const)('have health, metrics and an OpenAPI page: %s', async (name) => {
    for (const path of ['/health/live', '/health/ready', '/metrics', '/docs-json']) {
      expect([path, (await shop.getInternal(name, path)).status]).toEqual([path, 200]);
    }
    expect(await (await shop.getInternal(name, '/metrics')).text()).toContain('outbox_unsent_rows');
  });

  it('are put back as they were seeded by one call each', async () => {
    await takeAll(newOrderId());
    expect(await shop.call('stock', resetStockDemo, {})).toEqual({ ok: true });
    expect(await shop.call('coupon', resetCouponDemo, {})).toEqual({ ok: true });
    expect(await shop.call('user', resetUserDemo, {})).toEqual({ ok: true });
    expect(await state()).toEqual(NOTHING_TAKEN);
  });

  it('have no demo without DEMO_DATA', async () => {
    await shop.startReplica('user', { DEMO_DATA: 'false' });
    const replica = shop.replicas.user.length - 1;
    expect((await shop.post('user', '/demo/token', { userId: 'ada' }, replica)).status).toBe(404);
    expect(await shop.call('user', resetUserDemo, {}, replica)).toMatchObject({ code: 'DEMO_DATA_OFF' });
  });
});
