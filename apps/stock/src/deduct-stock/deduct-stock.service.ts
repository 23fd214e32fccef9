import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, deductStock } from '@rocketshop/contracts';
import { deduct } from '@rocketshop/participant';
import { bind } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import { Database, deadlinePassed } from '@rocketshop/service-defaults';
import { In } from 'typeorm';
import { GoodsEntity } from '../database/entities/goods.entity.js';
import { TAKE_GOODS } from '../database/statements.js';
import { stockLog } from '../database/stock-log.js';
import { outOfStock, refuseLines, sortLines } from '../domain/goods.js';

type Call = CallOf<typeof deductStock>;
type Answer = AnswerOf<typeof deductStock>;

/** Takes the goods of one order, all of them or none. */
@Injectable()
export class DeductStockService {
  constructor(private readonly database: Database) {}

  async deduct(call: Call, deadline: DeadlineInstant): Promise<Answer> {
    const rows = sortLines(call.items).map(({ goodsId, quantity }) => ({ goods_id: goodsId, quantity }));
    const outcome = await deduct(this.database, stockLog, {
      orderId: call.orderId,
      rows,
      take: [bind(TAKE_GOODS, [rows.map((row) => row.goods_id), rows.map((row) => row.quantity)])],
      refusals: ['NOT_ENOUGH'],
      deadline,
    });
    switch (outcome) {
      case 'DEDUCTED':
        return { ok: true };
      case 'FENCED':
        return { ok: false, code: 'ORDER_FENCED', detail: 'This order is cancelled.' };
      case 'TOO_LATE':
        return deadlinePassed();
      case 'NOT_ENOUGH':
        return this.explain(call);
    }
  }

  /** Tells the reason of a refusal. It stays a refusal when there is enough by now, since another order was cancelled. */
  private async explain({ items }: Call): Promise<Answer> {
    const repository = this.database.dataSource.getRepository(GoodsEntity);
    const goods = await repository.findBy({ goodsId: In(items.map((line) => line.goodsId)) });
    return refuseLines(items, goods) ?? outOfStock(items);
  }
}
