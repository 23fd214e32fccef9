import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UseCouponService } from '@rocketshop/coupon';
import { answersTo, futureDeadline, newOrderId, Participants } from '@rocketshop/shop-testkit/in-process';
import type { Participant } from '@rocketshop/shop-testkit/in-process';

let participants: Participants;
let coupon: Participant;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());
beforeEach(async () => {
  coupon = await participants.open('coupon');
});

const userOf = async (couponId: string): Promise<string | null | undefined> => {
  const { rows } = await coupon.database.pool.query<{ order_id: string | null }>(
    'SELECT order_id FROM coupons WHERE coupon_id = $1',
    [couponId],
  );
  return rows[0]?.order_id;
};

describe('a coupon that order A gave back and order B used again', () => {
  it('stays with B when the cancel of A is delivered once more', async () => {
    const [a, b] = [newOrderId(), newOrderId()];
    await coupon.deduct(a);
    await coupon.cancel(a);
    expect(await coupon.deduct(b)).toBe('ok');
    await coupon.cancel(a);
    expect(await userOf('ada-five')).toBe(b);
    expect(await answersTo(coupon, a)).toEqual(['RESTORED', 'RESTORED']);
  });

  it('stays with B even where neither claim nor log of A is left', async () => {
    const [a, b] = [newOrderId(), newOrderId()];
    await coupon.deduct(a);
    await coupon.cancel(a);
    await coupon.deduct(b);
    await coupon.database.pool.query('DELETE FROM consumed_messages');
    await coupon.database.pool.query('DELETE FROM coupon_compensation_log');
    await coupon.cancel(a);
    expect(await userOf('ada-five')).toBe(b);
  });

  it('stays with B when it was freed by hand and the first cancel of A comes after that', async () => {
    const [a, b] = [newOrderId(), newOrderId()];
    await coupon.deduct(a);
    await coupon.database.pool.query(`UPDATE coupons SET order_id = NULL WHERE coupon_id = 'ada-five'`);
    await coupon.deduct(b);
    await coupon.cancel(a);
    expect(await userOf('ada-five')).toBe(b);
  });

  it('is freed by the cancel of B, and of B only', async () => {
    const [a, b] = [newOrderId(), newOrderId()];
    await coupon.deduct(a);
    await coupon.cancel(a);
    await coupon.deduct(b);
    await coupon.cancel(b);
    expect(await userOf('ada-five')).toBeNull();
  });
});

describe('one coupon and many orders', () => {
  it('is used by one of fifty orders at once', async () => {
    const replica = await participants.replicaOf(coupon);
    const orders = Array.from({ length: 50 }, newOrderId);
    const answers = await Promise.all(orders.map((order, index) => (index % 2 ? coupon : replica).deduct(order)));
    expect(answers.filter((answer) => answer === 'ok')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'COUPON_USED')).toHaveLength(49);
    expect(await userOf('ada-five')).toBe(orders[answers.indexOf('ok')]);
  });

  it('is not used by a stranger, nor after it expired', async () => {
    const service = new UseCouponService(coupon.database);
    const call = { discount: '200' };
    const stranger = { ...call, orderId: newOrderId(), couponId: 'ada-two', userId: 'grace' };
    const expired = { ...call, orderId: newOrderId(), couponId: 'linus-expired', userId: 'linus' };
    const missing = { ...call, orderId: newOrderId(), couponId: 'no-such', userId: 'ada' };
    expect(await service.use(stranger, futureDeadline())).toMatchObject({ ok: false, code: 'COUPON_NOT_FOUND' });
    expect(await service.use(expired, futureDeadline())).toMatchObject({ ok: false, code: 'COUPON_EXPIRED' });
    expect(await service.use(missing, futureDeadline())).toMatchObject({ ok: false, code: 'COUPON_NOT_FOUND' });
    expect(await userOf('ada-two')).toBeNull();
  });
});
