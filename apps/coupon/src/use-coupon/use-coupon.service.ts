import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, useCoupon } from '@rocketshop/contracts';
import { deduct } from '@rocketshop/participant';
import { bindLine } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import { Database, deadlinePassed } from '@rocketshop/service-defaults';
import { couponLog } from '../database/coupon-log.js';
import { READ_COUPON, TAKE_COUPON } from '../database/statements.js';
import type { CouponNow } from '../database/statements.js';
import { couponNotFound, couponUsed, refuseUse } from '../domain/coupon.js';

type Call = CallOf<typeof useCoupon>;
type Answer = AnswerOf<typeof useCoupon>;

/** Uses a coupon for one order. */
@Injectable()
export class UseCouponService {
  constructor(private readonly database: Database) {}

  async use(call: Call, deadline: DeadlineInstant): Promise<Answer> {
    const { orderId, couponId, userId } = call;
    const discount = BigInt(call.discount);
    const outcome = await deduct(this.database, couponLog, {
      orderId,
      rows: [{ coupon_id: couponId, discount }],
      take: [bindLine(TAKE_COUPON, [orderId, couponId, userId, discount])],
      refusals: ['NOT_FREE'],
      deadline,
    });
    switch (outcome) {
      case 'DEDUCTED':
        return { ok: true };
      case 'FENCED':
        return { ok: false, code: 'ORDER_FENCED', detail: 'This order is cancelled.' };
      case 'TOO_LATE':
        return deadlinePassed();
      case 'NOT_FREE':
        return this.explain(call);
    }
  }

  private async explain(call: Call): Promise<Answer> {
    const [coupon] = await this.database.read<CouponNow>(READ_COUPON, [[call.couponId]]);
    if (!coupon) return couponNotFound();
    if (coupon.discount < BigInt(call.discount)) {
      throw new Error(`order ${call.orderId} asks coupon ${call.couponId} for more than it is worth`);
    }
    // It stays a refusal when the coupon is free by now, since the order that used it was cancelled in between.
    return refuseUse(coupon, call.userId, coupon.now) ?? couponUsed(coupon);
  }
}
