import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { deadlineIn } from '@rocketshop/pg';
import { DeductStockService } from '@rocketshop/stock';
import { UseCouponService } from '@rocketshop/coupon';
import { DeductBalanceService } from '@rocketshop/user';
import { holdLock, untilWaiting } from '@rocketshop/shop-testkit';
import {
  futureDeadline,
  lockRowOf,
  newOrderId,
  PARTICIPANT_NAMES,
  Participants,
} from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

describe.each(PARTICIPANT_NAMES)('%s, when a deduct of one order comes again', (name) => {
  let participant: Participant;
  let replica: Participant;
  beforeEach(async () => {
    participant = await participants.open(name);
    replica = await participants.replicaOf(participant);
  });

  it('gives the first answer and takes nothing more', async () => {
    const order = newOrderId();
    expect(await participant.deduct(order)).toBe('ok');
    expect(await participant.deduct(order)).toBe('ok');
    expect(await replica.deduct(order)).toBe('ok');
    expect(await participant.taken()).toBe(participant.unit);
  });

  it('takes once when twenty of them come together', async () => {
    const order = newOrderId();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? participant : replica).deduct(order)),
    );
    expect(new Set(answers)).toEqual(new Set(['ok']));
    expect(await participant.taken()).toBe(participant.unit);
  });

  it('tries again after a first try that was refused: a refusal leaves no trace', async () => {
    const order = newOrderId();
    const gate = await holdLock(participant.database.pool, lockRowOf(participant));
    const first = participant.deduct(order);
    await untilWaiting(participant.database.pool, 1);
    const second = replica.deduct(order);
    await untilWaiting(participant.database.pool, 2);
    await gate.release(participant.exhaust);
    expect(await first).toMatch(/OUT_OF_STOCK|COUPON_EXPIRED|BALANCE_TOO_SMALL/);
    expect(await second).toMatch(/OUT_OF_STOCK|COUPON_EXPIRED|BALANCE_TOO_SMALL/);
    await participant.database.pool.query(participant.replenish);
    expect(await participant.deduct(order)).toBe('ok');
  });

  it('refuses one whose deadline has passed, and takes nothing', async () => {
    expect(await participant.deduct(newOrderId(), deadlineIn(-1))).toBe('DEADLINE_PASSED');
    expect(await participant.taken()).toBe(0);
  });
});

describe('a participant whose caller contradicts himself', () => {
  it('does not answer for other goods under the same order', async () => {
    const { database } = await participants.open('stock');
    const service = new DeductStockService(database);
    const orderId = newOrderId();
    await service.deduct({ orderId, items: [{ goodsId: 'teapot', quantity: 1 }] }, futureDeadline());
    const items = [{ goodsId: 'teapot', quantity: 2 }];
    await expect(service.deduct({ orderId, items }, futureDeadline())).rejects.toThrow('other goods');
  });

  it('does not answer for another coupon under the same order', async () => {
    const { database } = await participants.open('coupon');
    const service = new UseCouponService(database);
    const call = { orderId: newOrderId(), userId: 'ada', discount: '200' };
    expect(await service.use({ ...call, couponId: 'ada-five' }, futureDeadline())).toEqual({ ok: true });
    await expect(service.use({ ...call, couponId: 'ada-two' }, futureDeadline())).rejects.toThrow('another coupon');
  });

  it('does not take more off than the coupon is worth', async () => {
    const { database } = await participants.open('coupon');
    const service = new UseCouponService(database);
    const call = { orderId: newOrderId(), userId: 'ada', discount: '501' };
    await expect(service.use({ ...call, couponId: 'ada-five' }, futureDeadline())).rejects.toThrow(
      'more than it is worth',
    );
  });

  it('does not answer for another amount under the same order', async () => {
    const { database } = await participants.open('user');
    const service = new DeductBalanceService(database);
    const call = { orderId: newOrderId(), userId: 'ada', currency: 'EUR' };
    expect(await service.deduct({ ...call, amount: '100' }, futureDeadline())).toEqual({ ok: true });
    await expect(service.deduct({ ...call, amount: '101' }, futureDeadline())).rejects.toThrow('another amount');
  });
});
