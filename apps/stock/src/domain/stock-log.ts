import type { OrderLine } from '@rocketshop/contracts';

/**
 * One row of stock_success_log with what stock_compensation_log says about it.
 *
 * Deduct and cancel compete for the one key (order, goods):
 *   nobody yet -> DEDUCTED   the deduct was first; a cancel finds the row and gives back, once (`compensated`)
 *   nobody yet -> FENCED     the cancel was first; a deduct that arrives later is refused for ever
 * There is no way from one outcome to the other.
 */
export interface StockLogRow {
  readonly goodsId: string;
  readonly quantity: number;
  readonly outcome: 'DEDUCTED' | 'FENCED';
  readonly compensated: boolean;
}

/**
 * What a deduct is told whose order has been seen before.
 * DEDUCTED: the same goods were deducted for this order and still are. FENCED: the order was cancelled.
 * OTHER_GOODS: the order was deducted with other goods; the caller contradicts himself, nothing may be answered.
 */
export function outcomeOfRepeat(
  lines: readonly OrderLine[],
  log: readonly StockLogRow[],
): 'DEDUCTED' | 'FENCED' | 'OTHER_GOODS' {
  if (log.some((row) => row.outcome === 'FENCED' || row.compensated)) return 'FENCED';
  const quantities = new Map(log.map((row) => [row.goodsId, row.quantity]));
  const same = log.length === lines.length && lines.every((line) => quantities.get(line.goodsId) === line.quantity);
  return same ? 'DEDUCTED' : 'OTHER_GOODS';
}

/** What the order is told after a cancel: RESTORED where anything had been deducted, FENCED where nothing had. */
export function outcomeOfCancel(log: readonly Pick<StockLogRow, 'outcome'>[]): 'RESTORED' | 'FENCED' {
  return log.some((row) => row.outcome === 'DEDUCTED') ? 'RESTORED' : 'FENCED';
}
