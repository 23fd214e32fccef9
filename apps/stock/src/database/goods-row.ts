import type { Goods } from '../domain/goods.js';

/** A row as the statements select it. */
export interface GoodsRow {
  readonly goods_id: string;
  readonly name: string;
  readonly unit_price: bigint;
  readonly currency: string;
  readonly available: number;
}

export const toGoods = (row: GoodsRow): Goods => ({
  goodsId: row.goods_id,
  name: row.name,
  unitPrice: row.unit_price,
  currency: row.currency,
  available: row.available,
});
