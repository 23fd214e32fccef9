import { ParticipantLog } from '@rocketshop/participant';

/** The coupon that one order used, and its discount in minor units. */
export type CouponTaken = { readonly coupon_id: string; readonly discount: bigint };

/** The tables coupon_success_log and coupon_compensation_log: one row for each order. */
export const couponLog = new ParticipantLog<CouponTaken>({
  name: 'coupon',
  taken: { coupon_id: 'text', discount: 'bigint' },
  another: 'another coupon',
});
