import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, deductStock } from '@rocketshop/contracts';
import {
  bind,
  Database,
  deadlinePassed,
  isPastDeadline,
  refusalOf,
  refusePastDeadline,
} from '@rocketshop/service-defaults';
import { toGoods, type GoodsRow } from '../database/goods-row.js';
import { logDeduct, readGoods, readOrderLog, takeGoods } from '../database/statements.js';
import { outOfStock, refuseLines, sortLines } from '../domain/goods.js';
import { outcomeOfRepeat, type StockLogRow } from '../domain/stock-log.js';

type Call = CallOf<typeof deductStock>;
type Answer = AnswerOf<typeof deductStock>;

const REFUSALS = ['SEEN_BEFORE', 'NOT_ENOUGH', 'TOO_LATE'] as const;
const DEDUCTED: Answer = { ok: true };
const ORDER_FENCED: Answer = { ok: false, code: 'ORDER_FENCED', detail: 'This order is cancelled.' };

/**
 * Takes the goods of one order: the log's key and the goods together or neither, so that a refusal leaves no trace and
 * a cancel of this order finds exactly what was done.
 */
@Injectable()
export class DeductStockService {
  constructor(private readonly database: Database) {}

  async deduct(call: Call): Promise<Answer> {
    if (isPastDeadline(call.deadline)) return deadlinePassed();
    const refusal = await refusalOf(this.take(call), REFUSALS);
    switch (refusal) {
      case undefined:
        return DEDUCTED;
      case 'SEEN_BEFORE':
        return this.answerRepeat(call);
      case 'NOT_ENOUGH':
        return this.explain(call);
      case 'TOO_LATE':
        return deadlinePassed();
    }
  }

  private async take(call: Call): Promise<void> {
    const lines = sortLines(call.items);
    const goodsIds = lines.map((line) => line.goodsId);
    const quantities = lines.map((line) => line.quantity);
    await this.database.inSharedRoundTrip([
      bind(logDeduct, [lines.map(() => call.orderId), goodsIds, quantities]),
      bind(takeGoods, [goodsIds, quantities]),
      refusePastDeadline(call.deadline),
    ]);
  }

  private async answerRepeat(call: Call): Promise<Answer> {
    const { rows } = await this.database.query<LogRow>(readOrderLog, [call.orderId]);
    const outcome = outcomeOfRepeat(call.items, rows.map(toLogRow));
    if (outcome === 'OTHER_GOODS') throw new Error(`order ${call.orderId} was deducted with other goods`);
    return outcome === 'DEDUCTED' ? DEDUCTED : ORDER_FENCED;
  }

  private async explain(call: Call): Promise<Answer> {
    const { rows } = await this.database.query<GoodsRow>(readGoods, [call.items.map((line) => line.goodsId)]);
    const goods = new Map(rows.map((row) => [row.goods_id, toGoods(row)]));
    // Enough again by now: somebody's order was cancelled in between. The answer stays what it was.
    return refuseLines(call.items, goods) ?? outOfStock(call.items);
  }
}

interface LogRow {
  readonly goods_id: string;
  readonly quantity: number;
  readonly outcome: StockLogRow['outcome'];
  readonly compensated: boolean;
}

const toLogRow = (row: LogRow): StockLogRow => ({
  goodsId: row.goods_id,
  quantity: row.quantity,
  outcome: row.outcome,
  compensated: row.compensated,
});
