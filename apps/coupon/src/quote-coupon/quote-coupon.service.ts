import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, quoteCoupon } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import { READ_COUPON } from '../database/statements.js';
import type { CouponNow } from '../database/statements.js';
import { couponNotFound, discountOn, refuseQuote } from '../domain/coupon.js';

/** Answers what a coupon takes off an order. A quote reserves nothing: only the use decides whether the coupon is free. */
@Injectable()
export class QuoteCouponService {
  constructor(private readonly database: Database) {}

  async quote(call: CallOf<typeof quoteCoupon>): Promise<AnswerOf<typeof quoteCoupon>> {
    const [coupon] = await this.database.read<CouponNow>(READ_COUPON, [[call.couponId]]);
    if (!coupon) return couponNotFound();
    const total = BigInt(call.total);
    const refusal = refuseQuote(coupon, { userId: call.userId, total, currency: call.currency }, coupon.now);
    return refusal ?? { ok: true, discount: discountOn(coupon, total).toString() };
  }
}
