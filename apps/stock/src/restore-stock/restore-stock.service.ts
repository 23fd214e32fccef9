import { Injectable } from '@nestjs/common';
import { orderCompensated, type orderCancelled, type PayloadOf } from '@rocketshop/contracts';
import { claimMessage } from '@rocketshop/idempotency';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { Database, namedStatement, traceHeaders, type TransactionClient } from '@rocketshop/service-defaults';
import { fenceOrder, giveBackGoods, lockOrderLog, logCompensation, readVersion } from '../database/statements.js';
import { sortLines } from '../domain/goods.js';
import { outcomeOfCancel, type StockLogRow } from '../domain/stock-log.js';
import { RestoreStockMetrics } from './restore-stock.metrics.js';
import { SwapConflictError } from './swap-conflict.error.js';

export const RESTORE_STOCK_GROUP = 'stock-restore-stock';

/**
 * Each lost try waited for the transaction that won, so tries are not spent by spinning. A replica has about ten
 * connections: this many losses in a row means several replicas cancel on one row at once, and trying again later is
 * cheaper than holding the other rows of this order.
 */
const SWAP_ATTEMPTS_MAX = 12;

type LogRow = Pick<StockLogRow, 'quantity' | 'outcome'> & { readonly goods_id: string };
type Cancelled = PayloadOf<typeof orderCancelled>;

/**
 * Undoes the deduct of a cancelled order, or fences it off where it never ran, and says which. Claim, effect and answer
 * are one transaction. A repeated cancel changes nothing and is answered again: the first answer may have been lost.
 */
@Injectable()
export class RestoreStockService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly metrics: RestoreStockMetrics,
  ) {}

  async restore(cancelled: Cancelled): Promise<void> {
    await this.database.inTransaction(async (client, scope) => {
      const isFirst = await claimMessage(client, RESTORE_STOCK_GROUP, cancelled.orderId);
      const log = await this.fenceAndLock(client, cancelled);
      if (isFirst) await this.giveBackAll(client, cancelled.orderId, log);
      await writeOutbox(client, [answerTo(cancelled, log)]);
      scope.afterCommit(() => this.relay.wake());
    });
  }

  /** After this the order's outcome is settled: whatever was deducted is seen, and nothing can be deducted any more. */
  private async fenceAndLock(client: TransactionClient, cancelled: Cancelled): Promise<LogRow[]> {
    const goodsIds = sortLines(cancelled.items).map((line) => line.goodsId);
    await namedStatement(client, fenceOrder, [cancelled.orderId, goodsIds]);
    const { rows } = await namedStatement<LogRow>(client, lockOrderLog, [cancelled.orderId]);
    return rows;
  }

  /** Gives back what the log says was taken; the message's quantities are only what somebody meant to take. */
  private async giveBackAll(client: TransactionClient, orderId: string, log: readonly LogRow[]): Promise<void> {
    for (const { goods_id: goodsId, quantity, outcome } of log) {
      if (outcome !== 'DEDUCTED') continue;
      const logged = await namedStatement(client, logCompensation, [orderId, goodsId, quantity]);
      if (logged.rowCount === 1) await this.giveBack(client, goodsId, quantity);
    }
  }

  private async giveBack(client: TransactionClient, goodsId: string, quantity: number): Promise<void> {
    for (let attempt = 1; attempt <= SWAP_ATTEMPTS_MAX; attempt++) {
      const [goods] = (await namedStatement<{ version: bigint }>(client, readVersion, [goodsId])).rows;
      if (!goods) throw new Error(`goods ${goodsId} were deducted and are not there any more`);
      const swapped = await namedStatement(client, giveBackGoods, [goodsId, quantity, goods.version]);
      if (swapped.rowCount === 1) return;
      this.metrics.swapConflicted();
    }
    throw new SwapConflictError(goodsId, SWAP_ATTEMPTS_MAX);
  }
}

function answerTo(cancelled: Cancelled, log: readonly LogRow[]) {
  const payload: PayloadOf<typeof orderCompensated> = {
    version: 1,
    orderId: cancelled.orderId,
    participant: 'stock',
    outcome: outcomeOfCancel(log),
    compensatedAt: new Date().toISOString(),
  };
  return { topic: orderCompensated.topic, key: cancelled.orderId, payload, headers: traceHeaders() };
}
