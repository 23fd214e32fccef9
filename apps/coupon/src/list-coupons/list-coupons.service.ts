import { Injectable } from '@nestjs/common';
import { Database } from '@rocketshop/service-defaults';
import { toCoupon, type CouponRow } from '../database/coupon-row.js';
import { readCouponsOf } from '../database/statements.js';
import { stateOf } from '../domain/coupon.js';
import type { CouponList } from './list-coupons.dto.js';

@Injectable()
export class ListCouponsService {
  constructor(private readonly database: Database) {}

  /** The buyer's own coupons, soonest to expire first. */
  async listOf(userId: string): Promise<CouponList> {
    const { rows } = await this.database.query<CouponRow>(readCouponsOf, [userId]);
    return rows.map((row) => {
      const coupon = toCoupon(row);
      return {
        couponId: coupon.couponId,
        discount: coupon.discount.toString(),
        minimumTotal: coupon.minimumTotal.toString(),
        currency: coupon.currency,
        expiresAt: coupon.expiresAt.toISOString(),
        state: stateOf(coupon, row.now),
      };
    });
  }
}
