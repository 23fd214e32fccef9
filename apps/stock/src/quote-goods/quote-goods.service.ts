import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, quoteGoods } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import type { GoodsEntity } from '../database/entities/goods.entity.js';
import { READ_GOODS } from '../database/statements.js';
import { refuseLines } from '../domain/goods.js';

/** Answers what goods cost. A quote reserves nothing: only the deduct decides whether there are enough. */
@Injectable()
export class QuoteGoodsService {
  constructor(private readonly database: Database) {}

  async quote(call: CallOf<typeof quoteGoods>): Promise<AnswerOf<typeof quoteGoods>> {
    const goods = await this.database.read<GoodsEntity>(READ_GOODS, [call.items.map((line) => line.goodsId)]);
    const refusal = refuseLines(call.items, goods);
    if (refusal) return refusal;

    const goodsById = new Map(goods.map((one) => [one.goodsId, one]));
    const items = call.items.flatMap((line) => {
      const found = goodsById.get(line.goodsId);
      return found ? [{ ...line, name: found.name, unitPrice: found.unitPrice.toString() }] : [];
    });
    return { ok: true, currency: oneCurrency(goods), items };
  }
}

/** An order has one currency. Goods of one order in several currencies are a mistake in the shop's data: a fault, no refusal. */
function oneCurrency(goods: readonly { currency: string }[]): string {
  const [currency, ...others] = new Set(goods.map((one) => one.currency));
  if (currency === undefined || others.length > 0) throw new Error('the goods of one cart must have one currency');
  return currency;
}
