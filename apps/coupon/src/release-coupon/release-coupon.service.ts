import { Injectable } from '@nestjs/common';
import { answerToCancel } from '@rocketshop/contracts';
import type { orderCancelled, PayloadOf } from '@rocketshop/contracts';
import { OutboxRelay } from '@rocketshop/outbox';
import { undo } from '@rocketshop/participant';
import { bind, run } from '@rocketshop/pg';
import { Database, traceHeaders } from '@rocketshop/service-defaults';
import { couponLog } from '../database/coupon-log.js';
import { RELEASE_COUPON } from '../database/statements.js';

export const RELEASE_COUPON_GROUP = 'coupon-release-coupon';

/** Frees the coupon of a cancelled order, or fences the order off when it used none. */
@Injectable()
export class ReleaseCouponService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
  ) {}

  release({ orderId }: PayloadOf<typeof orderCancelled>): Promise<void> {
    return undo(this.database, this.relay, couponLog, {
      orderId,
      kind: 'CANCEL',
      group: RELEASE_COUPON_GROUP,
      fence: [{}],
      // This changes no row when the coupon was freed by hand: another order may use it by now.
      giveBack: async (client, taken) => void (await run(client, bind(RELEASE_COUPON, [taken.coupon_id, orderId]))),
      answer: (outcome) => ({ ...answerToCancel('coupon', orderId, outcome), headers: traceHeaders() }),
    });
  }
}
