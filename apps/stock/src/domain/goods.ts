import type { OrderLine } from '@rocketshop/contracts';

export interface GoodsRefusal {
  readonly ok: false;
  readonly code: 'GOODS_NOT_FOUND' | 'OUT_OF_STOCK';
  readonly detail: string;
}

/**
 * Sorts the lines of one order by goods id. Every transaction that locks the rows of several goods locks them in this order, so
 * that two orders of the same goods wait for each other and do not deadlock.
 */
export function sortLines(lines: readonly OrderLine[]): OrderLine[] {
  return lines.toSorted((left, right) => (left.goodsId < right.goodsId ? -1 : 1));
}

/** @returns why these lines cannot be sold from these goods. Unknown goods come before scarce ones. */
export function refuseLines(
  lines: readonly OrderLine[],
  goods: readonly { readonly goodsId: string; readonly available: number }[],
): GoodsRefusal | undefined {
  const available = new Map(goods.map((one) => [one.goodsId, one.available]));
  const unknown = lines.filter((line) => !available.has(line.goodsId)).map((line) => line.goodsId);
  if (unknown.length > 0) {
    return { ok: false, code: 'GOODS_NOT_FOUND', detail: `There are no goods called ${unknown.join(', ')}.` };
  }
  const scarce = lines.filter((line) => (available.get(line.goodsId) ?? 0) < line.quantity);
  return scarce.length > 0 ? outOfStock(scarce) : undefined;
}

export function outOfStock(lines: readonly OrderLine[]): GoodsRefusal {
  const wanted = lines.map((line) => `${line.quantity} of ${line.goodsId}`).join(', ');
  return { ok: false, code: 'OUT_OF_STOCK', detail: `There is not enough in stock for ${wanted}.` };
}
