import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, useCoupon } from '@rocketshop/contracts';
import {
  bindLine,
  Database,
  deadlinePassed,
  isPastDeadline,
  refusalOf,
  refusePastDeadline,
} from '@rocketshop/service-defaults';
import { toCoupon, type CouponRow } from '../database/coupon-row.js';
import { logUse, readCoupon, readOrderLog, takeCoupon } from '../database/statements.js';
import { outcomeOfRepeat, type CouponLogRow } from '../domain/coupon-log.js';
import { couponNotFound, couponUsed, refuseUse } from '../domain/coupon.js';

type Call = CallOf<typeof useCoupon>;
type Answer = AnswerOf<typeof useCoupon>;

const REFUSALS = ['SEEN_BEFORE', 'NOT_FREE', 'TOO_LATE'] as const;
const USED: Answer = { ok: true };
const ORDER_FENCED: Answer = { ok: false, code: 'ORDER_FENCED', detail: 'This order is cancelled.' };

/**
 * Uses a coupon for one order: the log's key and the coupon together or neither, so that a refusal leaves no trace and
 * a cancel of this order finds exactly what was done.
 */
@Injectable()
export class UseCouponService {
  constructor(private readonly database: Database) {}

  async use(call: Call): Promise<Answer> {
    if (isPastDeadline(call.deadline)) return deadlinePassed();
    const refusal = await refusalOf(this.take(call), REFUSALS);
    switch (refusal) {
      case undefined:
        return USED;
      case 'SEEN_BEFORE':
        return this.answerRepeat(call);
      case 'NOT_FREE':
        return this.explain(call);
      case 'TOO_LATE':
        return deadlinePassed();
    }
  }

  private async take({ orderId, couponId, userId, discount, deadline }: Call): Promise<void> {
    await this.database.inSharedRoundTrip([
      bindLine(logUse, [orderId, couponId, discount]),
      bindLine(takeCoupon, [orderId, couponId, userId, discount]),
      refusePastDeadline(deadline),
    ]);
  }

  private async answerRepeat(call: Call): Promise<Answer> {
    const [row] = (await this.database.query<LogRow>(readOrderLog, [call.orderId])).rows;
    if (!row) throw new Error(`the log row of order ${call.orderId} is gone`);
    const outcome = outcomeOfRepeat(call.couponId, {
      couponId: row.coupon_id,
      outcome: row.outcome,
      compensated: row.compensated,
    });
    if (outcome === 'OTHER_COUPON') throw new Error(`order ${call.orderId} uses another coupon`);
    return outcome === 'DEDUCTED' ? USED : ORDER_FENCED;
  }

  private async explain(call: Call): Promise<Answer> {
    const [row] = (await this.database.query<CouponRow>(readCoupon, [[call.couponId]])).rows;
    if (!row) return couponNotFound();
    const coupon = toCoupon(row);
    if (coupon.discount < BigInt(call.discount)) {
      throw new Error(`order ${call.orderId} asks coupon ${call.couponId} for more than it is worth`);
    }
    // Free again by now: the order that held it was cancelled in between. The answer stays what it was.
    return refuseUse(coupon, call.userId, row.now) ?? couponUsed(coupon);
  }
}

interface LogRow {
  readonly coupon_id: string | null;
  readonly outcome: CouponLogRow['outcome'];
  readonly compensated: boolean;
}
