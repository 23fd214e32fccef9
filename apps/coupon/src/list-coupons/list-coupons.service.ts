import { Injectable } from '@nestjs/common';
import { Database } from '@rocketshop/service-defaults';
import { CouponEntity } from '../database/entities/coupon.entity.js';
import { stateOf } from '../domain/coupon.js';
import type { CouponList } from './list-coupons.dto.js';

@Injectable()
export class ListCouponsService {
  constructor(private readonly database: Database) {}

  /** The buyer's coupons, the first to expire first. */
  async listOf(userId: string): Promise<CouponList> {
    const repository = this.database.dataSource.getRepository(CouponEntity);
    const coupons = await repository.find({ where: { userId }, order: { expiresAt: 'ASC', couponId: 'ASC' } });
    return coupons.map((coupon) => ({
      couponId: coupon.couponId,
      discount: coupon.discount.toString(),
      minimumTotal: coupon.minimumTotal.toString(),
      currency: coupon.currency,
      expiresAt: coupon.expiresAt.toISOString(),
      state: stateOf(coupon, new Date()),
    }));
  }
}
