import type { Coupon } from '../domain/coupon.js';

/** A row as the statements select it, with the database's clock at that moment. */
export interface CouponRow {
  readonly coupon_id: string;
  readonly user_id: string;
  readonly discount: bigint;
  readonly minimum_total: bigint;
  readonly currency: string;
  readonly expires_at: Date;
  readonly order_id: string | null;
  readonly now: Date;
}

export const toCoupon = (row: CouponRow): Coupon => ({
  couponId: row.coupon_id,
  userId: row.user_id,
  discount: row.discount,
  minimumTotal: row.minimum_total,
  currency: row.currency,
  expiresAt: row.expires_at,
  orderId: row.order_id,
});
