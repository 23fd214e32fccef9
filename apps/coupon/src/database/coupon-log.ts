import { ParticipantLog } from '@rocketshop/participant';

/** What one order took. The discount is in minor units. */
export type CouponTaken = { readonly coupon_id: string; readonly discount: bigint };

/** The tables coupon_success_log and coupon_compensation_log: one row for each order. */
export const couponLog = new ParticipantLog<CouponTaken>({
  name: 'coupon',
  taken: { coupon_id: 'text', discount: 'bigint' },
  another: 'another coupon',
});
