import { Injectable } from '@nestjs/common';
import { answerToCancel } from '@rocketshop/contracts';
import type { orderCancelled, PayloadOf } from '@rocketshop/contracts';
import { OutboxRelay } from '@rocketshop/outbox';
import { undo } from '@rocketshop/participant';
import { bind, run } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import { Database, traceHeaders } from '@rocketshop/service-defaults';
import { GIVE_BACK_GOODS, READ_VERSION } from '../database/statements.js';
import { stockLog } from '../database/stock-log.js';
import type { StockTaken } from '../database/stock-log.js';
import { sortLines } from '../domain/goods.js';
import { RestoreStockMetrics } from './restore-stock.metrics.js';
import { SwapConflictError } from './swap-conflict.error.js';

export const RESTORE_STOCK_GROUP = 'stock-restore-stock';

/**
 * Each lost attempt has waited for the transaction that won, so the loop does not spin. So many lost attempts mean that several
 * replicas cancel on one row at once. Then it is cheaper to try again later than to keep the locks on the order's other rows.
 */
const SWAP_ATTEMPTS_MAX = 12;

/** Gives the goods of a cancelled order back, or fences the order off when nothing was deducted. */
@Injectable()
export class RestoreStockService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly metrics: RestoreStockMetrics,
  ) {}

  restore({ orderId, items }: PayloadOf<typeof orderCancelled>): Promise<void> {
    return undo(this.database, this.relay, stockLog, {
      orderId,
      kind: 'CANCEL',
      group: RESTORE_STOCK_GROUP,
      fence: sortLines(items).map(({ goodsId }) => ({ goods_id: goodsId })),
      giveBack: (client, taken) => this.giveBack(client, taken),
      answer: (outcome) => ({ ...answerToCancel('stock', orderId, outcome), headers: traceHeaders() }),
    });
  }

  /** Compare and swap on the version: an update that another transaction made in between is never overwritten. */
  private async giveBack(client: PgClient, { goods_id: goodsId, quantity }: StockTaken): Promise<void> {
    for (let attempt = 1; attempt <= SWAP_ATTEMPTS_MAX; attempt++) {
      const [goods] = (await run(client, bind<{ version: bigint }>(READ_VERSION, [goodsId]))).rows;
      if (!goods) throw new Error(`goods ${goodsId} were deducted and no longer exist`);
      const swapped = await run(client, bind(GIVE_BACK_GOODS, [goodsId, quantity, goods.version]));
      if (swapped.rowCount === 1) return;
      this.metrics.swapConflicted();
    }
    throw new SwapConflictError(goodsId, SWAP_ATTEMPTS_MAX);
  }
}
