import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PARTICIPANTS } from '@rocketshop/contracts';
import type { Participant } from '@rocketshop/contracts';
import { DiscardMessageError } from '@rocketshop/mq-nest';
import { FinishCancelConsumer, OrdersSweeper } from '@rocketshop/order';
import { expectInvariants } from '../support/expect-invariants.js';
import { holdLock, place, untilWaiting } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(180_000);

const LOCK_ORDER = 'SELECT FROM orders WHERE order_id = $1 FOR UPDATE';

let shop: InProcessShop;
let answers: FinishCancelConsumer;
/** The same on another replica: the answers that one replica gets at the same moment share a transaction. */
let answersElsewhere: FinishCancelConsumer;
beforeAll(async () => {
  // The order service does not consume: the story gives it the answers.
  shop = await InProcessShop.start({ withoutConsumers: ['order'] });
  await recordTransitions(shop);
  answers = shop.part('order', FinishCancelConsumer);
  answersElsewhere = shop.part('order', FinishCancelConsumer, await shop.startReplica('order'));
}, 120_000);
afterAll(async () => {
  await shop.stop();
});

const answer = (orderId: string, participant: Participant) => ({
  version: 1,
  orderId,
  participant,
  outcome: 'RESTORED',
  compensatedAt: new Date().toISOString(),
});

async function cancellingOrder(): Promise<string> {
  const { orderId } = await place(shop.buyer());
  const { status, body } = await shop.buyer().cancelOrder(orderId);
  expect([status, body.status]).toEqual([202, 'CANCELLING']);
  return orderId;
}

describe('four answers to a cancellation', () => {
  it('that arrive at the same moment are counted to four exactly once, twelve times', async () => {
    for (let round = 0; round < 12; round++) {
      const orderId = await cancellingOrder();
      const held = await holdLock(shop.pools.order, LOCK_ORDER, [orderId]);
      const all = Promise.all(
        PARTICIPANTS.map((who, index) =>
          (index % 2 === 0 ? answers : answersElsewhere).countAnswer(answer(orderId, who)),
        ),
      );
      await untilWaiting(shop.pools.order, 2);
      await held.release();
      await all;
      expect(await transitionsOf(shop, orderId)).toEqual([
        'PENDING -> CONFIRMED',
        'CONFIRMED -> CANCELLING',
        'CANCELLING -> CANCELLED',
      ]);
    }
  });

  it('are not complete with three, however often each is repeated', async () => {
    const orderId = await cancellingOrder();
    const three = PARTICIPANTS.slice(0, 3);
    for (const who of [...three, ...three, ...three]) await answers.countAnswer(answer(orderId, who));
    expect(await orderRow(shop, orderId)).toMatchObject({ status: 'CANCELLING' });
    await answers.countAnswer(answer(orderId, 'pay'));
    expect(await orderRow(shop, orderId)).toMatchObject({ status: 'CANCELLED' });
  });

  it('change nothing when they come again after the end', async () => {
    const orderId = await cancellingOrder();
    for (const who of [...PARTICIPANTS, ...PARTICIPANTS]) await answers.countAnswer(answer(orderId, who));
    expect(await transitionsOf(shop, orderId)).toHaveLength(3);
  });

  it('wait for nobody when they were counted before, so that a crowd of repeated answers holds up no others', async () => {
    const orderId = await cancellingOrder();
    await answers.countAnswer(answer(orderId, 'stock'));
    const held = await holdLock(shop.pools.order, LOCK_ORDER, [orderId]);
    try {
      await answers.countAnswer(answer(orderId, 'stock'));
    } finally {
      await held.release();
    }
    expect(await orderRow(shop, orderId)).toMatchObject({ status: 'CANCELLING' });
    for (const who of PARTICIPANTS) await answers.countAnswer(answer(orderId, who));
  });

  it('are asked for again with fewer statements than there are orders, since these orders stay locked meanwhile', async () => {
    const orderIds: string[] = [];
    for (let count = 0; count < 40; count++) orderIds.push(await cancellingOrder());
    await shop.rows('order', `UPDATE orders SET cancel_sent_at = now() - interval '1 day' WHERE order_id = ANY ($1)`, [
      orderIds,
    ]);
    let requests = 0;
    shop.databaseProxies.order.use(({ direction }) => {
      if (direction === 'request') requests++;
      return 'pass';
    });
    await shop.part('order', OrdersSweeper).sweep();
    shop.heal();
    expect(requests).toBeLessThan(orderIds.length);
    const published = await shop.rows<{ count: number }>(
      'order',
      `SELECT count(*)::int FROM outbox WHERE topic = 'order-cancelled' AND order_key = ANY ($1)`,
      [orderIds],
    );
    expect(published).toEqual([{ count: 2 * orderIds.length }]);
    for (const orderId of orderIds) for (const who of PARTICIPANTS) await answers.countAnswer(answer(orderId, who));
  });

  it('are discarded for an order that is not known, and for one that nobody cancelled', async () => {
    await expect(answers.countAnswer(answer(randomUUID(), 'stock'))).rejects.toThrow(DiscardMessageError);
    const { orderId } = await place(shop.buyer());
    await expect(answers.countAnswer(answer(orderId, 'stock'))).rejects.toThrow(/which is CONFIRMED/);
    expect(await orderRow(shop, orderId)).toMatchObject({ status: 'CONFIRMED' });
  });

  it('leave every item, coupon and cent where it belongs', async () => {
    await expectInvariants(shop);
  });
});
