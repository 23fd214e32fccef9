import { describe, expect, it } from '@jest/globals';
import { outcomeOfCancel, outcomeOfRepeat, type CouponLogRow } from './coupon-log.js';

const used: CouponLogRow = { couponId: 'ada-five', outcome: 'DEDUCTED', compensated: false };
const fenced: CouponLogRow = { couponId: null, outcome: 'FENCED', compensated: false };

describe('the log of an order', () => {
  it('repeats the first answer to a repeated use', () => {
    expect(outcomeOfRepeat('ada-five', used)).toBe('DEDUCTED');
  });

  it('refuses a use that comes after the cancel', () => {
    expect(outcomeOfRepeat('ada-five', fenced)).toBe('FENCED');
    expect(outcomeOfRepeat('ada-five', { ...used, compensated: true })).toBe('FENCED');
  });

  it('does not answer for another coupon', () => {
    expect(outcomeOfRepeat('ada-two', used)).toBe('OTHER_COUPON');
  });

  it('tells the order whether something was given back', () => {
    expect(outcomeOfCancel(used)).toBe('RESTORED');
    expect(outcomeOfCancel(fenced)).toBe('FENCED');
  });
});
