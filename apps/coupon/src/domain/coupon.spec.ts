import { describe, expect, it } from '@jest/globals';
import { discountOn, refuseQuote, refuseUse, stateOf } from './coupon.js';
import type { Coupon } from './coupon.js';

const now = new Date('2026-06-01T12:00:00Z');
const coupon: Coupon = {
  couponId: 'ada-five',
  userId: 'ada',
  discount: 500n,
  minimumTotal: 1000n,
  currency: 'EUR',
  expiresAt: new Date('2027-01-01T00:00:00Z'),
  orderId: null,
};
const order = { userId: 'ada', total: 1000n, currency: 'EUR' };

describe('a coupon', () => {
  it('is accepted at exactly its minimum', () => {
    expect(refuseQuote(coupon, order, now)).toBeUndefined();
  });

  it.each([
    ['COUPON_NOT_FOUND', { ...coupon, userId: 'grace' }, order],
    ['COUPON_USED', { ...coupon, orderId: '0190b1f0-0000-7000-8000-000000000001' }, order],
    ['COUPON_EXPIRED', { ...coupon, expiresAt: now }, order],
    ['COUPON_WRONG_CURRENCY', coupon, { ...order, currency: 'USD' }],
    ['COUPON_MINIMUM_NOT_REACHED', coupon, { ...order, total: 999n }],
  ])('is refused with %s', (code, refused, asked) => {
    expect(refuseQuote(refused, asked, now)?.code).toBe(code);
  });

  it('does not tell a stranger that it is used or expired', () => {
    const used = { ...coupon, orderId: '0190b1f0-0000-7000-8000-000000000001', expiresAt: now };
    expect(refuseUse(used, 'grace', now)?.code).toBe('COUPON_NOT_FOUND');
  });

  it('is USED even when it expired after its use', () => {
    expect(stateOf({ orderId: '0190b1f0-0000-7000-8000-000000000001', expiresAt: now }, now)).toBe('USED');
  });

  it('never takes off more than there is to pay', () => {
    expect(discountOn(coupon, 499n)).toBe(499n);
    expect(discountOn(coupon, 500n)).toBe(500n);
    expect(discountOn(coupon, 501n)).toBe(500n);
  });
});
