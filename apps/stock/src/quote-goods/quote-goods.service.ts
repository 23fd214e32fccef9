import { Injectable } from '@nestjs/common';
import type { AnswerOf, CallOf, quoteGoods } from '@rocketshop/contracts';
import { Database } from '@rocketshop/service-defaults';
import type { GoodsEntity } from '../database/entities/goods.entity.js';
import { READ_GOODS } from '../database/statements.js';
import { refuseLines } from '../domain/goods.js';

/** Prices are this service's word. A quote takes nothing and promises nothing: the deduct decides. */
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

/** One order is in one currency. A shop whose goods of one cart differ is set up wrong, which is a fault and no refusal. */
function oneCurrency(goods: readonly { currency: string }[]): string {
  const [currency, ...others] = new Set(goods.map((one) => one.currency));
  if (currency === undefined || others.length > 0) throw new Error('the goods of one cart must have one currency');
  return currency;
}
