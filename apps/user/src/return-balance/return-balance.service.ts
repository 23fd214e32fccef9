import { Injectable } from '@nestjs/common';
import { orderCompensated, type orderCancelled, type PayloadOf } from '@rocketshop/contracts';
import { claimMessage } from '@rocketshop/idempotency';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { Database, namedStatement, traceHeaders, type TransactionClient } from '@rocketshop/service-defaults';
import { giveBackToBuyer } from '../database/move-balance.js';
import { fenceOrder, lockOrderLog, logCompensation } from '../database/statements.js';
import { outcomeOfCancel, type BalanceLogRow } from '../domain/balance-log.js';

export const RETURN_BALANCE_GROUP = 'user-return-balance';

type LogRow = Pick<BalanceLogRow, 'amount' | 'currency' | 'outcome'> & { readonly user_id: string };
type Cancelled = PayloadOf<typeof orderCancelled>;

/**
 * Undoes the deduct of a cancelled order, or fences it off where it never ran, and says which. Claim, effect and answer
 * are one transaction. A repeated cancel changes nothing and is answered again: the first answer may have been lost.
 */
@Injectable()
export class ReturnBalanceService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
  ) {}

  async return(cancelled: Cancelled): Promise<void> {
    await this.database.inTransaction(async (client, scope) => {
      const isFirst = await claimMessage(client, RETURN_BALANCE_GROUP, cancelled.orderId);
      const log = await this.fenceAndLock(client, cancelled);
      if (isFirst) await this.giveBack(client, cancelled.orderId, log);
      await writeOutbox(client, [answerTo(cancelled, log)]);
      scope.afterCommit(() => this.relay.wake());
    });
  }

  /** After this the order's outcome is settled: a deduct is seen, and this order can take no money any more. */
  private async fenceAndLock(client: TransactionClient, cancelled: Cancelled): Promise<LogRow> {
    await namedStatement(client, fenceOrder, [cancelled.orderId, cancelled.userId, cancelled.currency]);
    const [row] = (await namedStatement<LogRow>(client, lockOrderLog, [cancelled.orderId])).rows;
    if (!row) throw new Error(`the log row of order ${cancelled.orderId} is gone`);
    return row;
  }

  /** Gives back what the log says was taken, to whom it was taken from; the message's amount is only what was meant. */
  private async giveBack(client: TransactionClient, orderId: string, log: LogRow): Promise<void> {
    if (log.outcome !== 'DEDUCTED') return;
    const { user_id: userId, amount, currency } = log;
    const logged = await namedStatement(client, logCompensation, [orderId, userId, amount, currency]);
    if (logged.rowCount !== 1 || amount === 0n) return;
    const moved = await giveBackToBuyer(client, { orderId, userId, amount, currency });
    if (!moved) throw new Error(`the account that order ${orderId} took money from is not there any more`);
  }
}

function answerTo(cancelled: Cancelled, log: LogRow) {
  const payload: PayloadOf<typeof orderCompensated> = {
    version: 1,
    orderId: cancelled.orderId,
    participant: 'user',
    outcome: outcomeOfCancel(log),
    compensatedAt: new Date().toISOString(),
  };
  return { topic: orderCompensated.topic, key: cancelled.orderId, payload, headers: traceHeaders() };
}
