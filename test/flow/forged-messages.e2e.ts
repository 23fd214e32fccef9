import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { orderCancelled, orderCompensated, paymentSucceeded } from '@rocketshop/contracts';
import { Producer, PullConsumer } from '@rocketshop/mq-client';
import { RocketmqPublisher, RocketmqServer } from '@rocketshop/mq-nest';
import { place, teapots, until, untilStatus } from '@rocketshop/shop-testkit';
import type { OrderAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { orderRow } from './transitions.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
let attacker: Producer;
let reader: PullConsumer;

beforeAll(async () => {
  shop = await InProcessShop.start();
  const { namesrvAddr } = shop;
  attacker = new Producer({ namesrvAddr, producerGroup: 'attacker' });
  reader = new PullConsumer({ namesrvAddr, consumerGroup: 'people' });
  await Promise.all([attacker.start(), reader.start()]);
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await Promise.all([attacker.shutdown(), reader.shutdown()]);
  await shop.stop();
});

const send = (topic: string, orderId: string, payload: object | string | Buffer, properties = {}) => {
  const body = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return attacker.send({ topic, body, keys: orderId, properties });
};

/** Why the group refused the messages of an order. */
async function refusals(group: string, orderId: string): Promise<Record<string, string>[]> {
  const queues = await reader.fetchMessageQueues(`%DLQ%${group}`).catch(() => []);
  const pulls = await Promise.all(queues.map((queue) => reader.pull(queue, '*', 0, 32)));
  const found = pulls.flatMap(({ messages }) => messages.map(({ properties }) => properties));
  return found.filter(({ KEYS }) => KEYS === orderId);
}

const untilRefused = (group: string, orderId: string, count = 1) =>
  until(async () => {
    const found = await refusals(group, orderId);
    return found.length >= count && found;
  });

const paid = (order: OrderAnswer) => ({
  version: 1,
  orderId: order.orderId,
  paymentId: randomUUID(),
  amount: '1250',
  currency: 'EUR',
  paidAt: new Date().toISOString(),
});
const cancelled = (order: OrderAnswer) => ({
  version: 1,
  orderId: order.orderId,
  userId: 'ada',
  items: [{ goodsId: 'teapot', quantity: 1 }],
  couponId: null,
  balanceUsed: '100000',
  currency: 'EUR',
  reason: 'USER_REQUEST',
  cancelledAt: new Date().toISOString(),
});

describe('whoever reaches the broker', () => {
  it('cannot pay an order by a message of his own', async () => {
    const order = await place(shop.buyer());
    await send(paymentSucceeded.topic, order.orderId, paid(order));
    await send(paymentSucceeded.topic, order.orderId, paid(order), { 'message-mac': `1:story:pay::${'A'.repeat(43)}` });
    const found = await untilRefused('order-record-payment', order.orderId, 2);
    expect(found.map((properties) => properties['failure-class'])).toEqual([
      'MessageRefusedError',
      'MessageRefusedError',
    ]);
    const reasons = found.map((properties) => /^[A-Z_]+/.exec(properties['failure-message'] ?? '')?.[0]);
    expect(new Set(reasons)).toEqual(new Set(['MAC_MISSING', 'MAC_WRONG']));
    expect(await orderRow(shop, order.orderId)).toMatchObject({ status: 'CONFIRMED', payment_id: null });
    const { refused } = shop
      .part('order', RocketmqServer)
      .deliveryCounts()
      .find(({ group }) => group === 'order-record-payment') ?? { refused: {} };
    expect(refused).toEqual({ MAC_MISSING: 1, MAC_WRONG: 1 });
  });

  it('cannot get goods and money back by a message of his own', async () => {
    const order = await place(shop.buyer());
    await send(orderCancelled.topic, order.orderId, cancelled(order));
    const groups = ['stock-restore-stock', 'coupon-release-coupon', 'user-return-balance', 'pay-close-payment'];
    await Promise.all(groups.map((group) => untilRefused(group, order.orderId)));
    const restored = await shop.rows('stock', 'SELECT FROM stock_compensation_log WHERE order_id = $1', [
      order.orderId,
    ]);
    expect(restored).toEqual([]);
    await expectInvariants(shop);
  });

  it('cannot use what one service signed for what only another one may say', async () => {
    const order = await place(shop.buyer());
    const stock = shop.part('stock', RocketmqPublisher);
    await stock.publish({ topic: paymentSucceeded.topic, key: order.orderId, payload: paid(order) });
    const [refusal] = await untilRefused('order-record-payment', order.orderId);
    expect(refusal?.['failure-message']).toMatch(/^SENDER_NOT_ALLOWED: .*"stock" does not publish this topic/);
    expect(await orderRow(shop, order.orderId)).toMatchObject({ status: 'CONFIRMED' });
  });
});

describe('a genuine message that nobody can handle', () => {
  // Bytes that say that they are JSON.
  const headers = { 'content-type': 'application/json' };
  const signed = (topic: string, key: string, payload: unknown) =>
    shop.part('pay', RocketmqPublisher).publish({ topic, key, payload, headers });
  const deep = `{"version":1,"orderId":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
  const answer = (orderId: string) => ({
    version: 1,
    orderId,
    participant: 'pay',
    outcome: 'FENCED',
    compensatedAt: new Date().toISOString(),
  });

  it.each<[string, (orderId: string) => unknown, string]>([
    ['is of a version that nobody knows', (orderId) => ({ ...answer(orderId), version: 9 }), 'ContractViolationError'],
    ['is deeper than anybody needs', () => Buffer.from(deep), 'UnreadablePayloadError'],
    ['is not UTF-8', () => Buffer.from([0x22, 0xff, 0x22]), 'UnreadablePayloadError'],
  ])('because it %s goes to the DLQ at once, and the next one is handled', async (_what, payload, failureClass) => {
    const orderId = randomUUID();
    await signed(orderCompensated.topic, orderId, payload(orderId));
    const [found] = await untilRefused('order-participant-answered', orderId);
    expect(found).toMatchObject({ 'failure-class': failureClass, 'failure-group': 'order-participant-answered' });
    expect(JSON.stringify(found)).not.toMatch(/\\u0000|\\ud800/);
    const ada = shop.buyer();
    const order = await place(ada, teapots());
    await ada.cancelOrder(order.orderId);
    await untilStatus(ada, order.orderId, 'CANCELLED');
  });

  it.each([
    ['U+0000', '\0'],
    ['half a surrogate pair', '\ud800'],
  ])('because a free text of it has %s goes to the DLQ at once, and reaches no database', async (_what, text) => {
    const order = await place(shop.buyer());
    const payload = { ...cancelled(order), userId: `ada${text}` };
    await shop.part('order', RocketmqPublisher).publish({ topic: orderCancelled.topic, key: order.orderId, payload });
    const [found] = await untilRefused('stock-restore-stock', order.orderId);
    expect(found).toMatchObject({ 'failure-class': 'ContractViolationError' });
    expect(JSON.stringify(found)).not.toMatch(/\\u0000|\\ud800/);
    await expectInvariants(shop);
  });
});
