import { Injectable } from '@nestjs/common';
import { orderCompensated, type orderCancelled, type PayloadOf } from '@rocketshop/contracts';
import { claimMessage } from '@rocketshop/idempotency';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { Database, namedStatement, traceHeaders, type TransactionClient } from '@rocketshop/service-defaults';
import { fenceOrder, lockOrderLog, logCompensation, releaseCoupon } from '../database/statements.js';
import { outcomeOfCancel, type CouponLogRow } from '../domain/coupon-log.js';

export const RELEASE_COUPON_GROUP = 'coupon-release-coupon';

type LogRow = Pick<CouponLogRow, 'outcome'> & { readonly coupon_id: string | null };
type Cancelled = PayloadOf<typeof orderCancelled>;

/**
 * Undoes the use of a cancelled order, or fences it off where it never ran, and says which. Claim, effect and answer
 * are one transaction. A repeated cancel changes nothing and is answered again: the first answer may have been lost.
 */
@Injectable()
export class ReleaseCouponService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
  ) {}

  async release(cancelled: Cancelled): Promise<void> {
    await this.database.inTransaction(async (client, scope) => {
      const isFirst = await claimMessage(client, RELEASE_COUPON_GROUP, cancelled.orderId);
      const log = await this.fenceAndLock(client, cancelled.orderId);
      if (isFirst) await this.giveBack(client, cancelled.orderId, log);
      await writeOutbox(client, [answerTo(cancelled, log)]);
      scope.afterCommit(() => this.relay.wake());
    });
  }

  /** After this the order's outcome is settled: a use is seen, and no coupon can be used by this order any more. */
  private async fenceAndLock(client: TransactionClient, orderId: string): Promise<LogRow> {
    await namedStatement(client, fenceOrder, [orderId]);
    const [row] = (await namedStatement<LogRow>(client, lockOrderLog, [orderId])).rows;
    if (!row) throw new Error(`the log row of order ${orderId} is gone`);
    return row;
  }

  /**
   * Frees the coupon that the log says was used, if this order still is the one that uses it. Where it is not, somebody
   * freed it by hand before; then it may be another order's by now, and is none of this order's business.
   */
  private async giveBack(client: TransactionClient, orderId: string, log: LogRow): Promise<void> {
    if (log.outcome !== 'DEDUCTED') return;
    const logged = await namedStatement(client, logCompensation, [orderId, log.coupon_id]);
    if (logged.rowCount === 1) await namedStatement(client, releaseCoupon, [log.coupon_id, orderId]);
  }
}

function answerTo(cancelled: Cancelled, log: LogRow) {
  const payload: PayloadOf<typeof orderCompensated> = {
    version: 1,
    orderId: cancelled.orderId,
    participant: 'coupon',
    outcome: outcomeOfCancel(log),
    compensatedAt: new Date().toISOString(),
  };
  return { topic: orderCompensated.topic, key: cancelled.orderId, payload, headers: traceHeaders() };
}
