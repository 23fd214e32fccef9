import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PARTICIPANTS } from '@rocketshop/contracts';
import type { Participant } from '@rocketshop/contracts';
import { DiscardMessageError } from '@rocketshop/mq-nest';
import { FinishCancelConsumer } from '@rocketshop/order';
import { expectInvariants } from '../support/expect-invariants.js';
import { holdLock, place, untilWaiting } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { orderRow, recordTransitions, transitionsOf } from './transitions.js';

jest.setTimeout(60_000);

const LOCK_ORDER = 'SELECT FROM orders WHERE order_id = $1 FOR UPDATE';

let shop: InProcessShop;
let answers: FinishCancelConsumer;
beforeAll(async () => {
  // The order service does not consume: the story gives it the answers.
  shop = await InProcessShop.start({ withoutConsumers: ['order'] });
  await recordTransitions(shop);
  answers = shop.part('order', FinishCancelConsumer);
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
  it('that arrive at the same moment are counted to four exactly once, a hundred times', async () => {
    for (let round = 0; round < 100; round++) {
      const orderId = await cancellingOrder();
      const held = await holdLock(shop.pools.order, LOCK_ORDER, [orderId]);
      const all = Promise.all(PARTICIPANTS.map((who) => answers.countAnswer(answer(orderId, who))));
      await untilWaiting(shop.pools.order, PARTICIPANTS.length);
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
