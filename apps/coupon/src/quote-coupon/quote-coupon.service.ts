import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, quoteCoupon } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import { toCoupon, type CouponRow } from '../database/coupon-row.js';
import { readCoupon } from '../database/statements.js';
import { couponNotFound, discountOn, refuseQuote } from '../domain/coupon.js';

/** Eligibility and discount are this service's word. A quote takes nothing and promises nothing: the use decides. */
@Injectable()
export class QuoteCouponService {
  constructor(private readonly database: Database) {}

  async quote(call: CallOf<typeof quoteCoupon>): Promise<AnswerOf<typeof quoteCoupon>> {
    const [row] = await this.database.read<CouponRow>(readCoupon, [[call.couponId]]);
    if (!row) return couponNotFound();
    const coupon = toCoupon(row);
    const total = BigInt(call.total);
    const refusal = refuseQuote(coupon, { userId: call.userId, total, currency: call.currency }, row.now);
    return refusal ?? { ok: true, discount: discountOn(coupon, total).toString() };
  }
}
