/**
 * The row of coupon_success_log of one order with what coupon_compensation_log says about it.
 *
 * Use and cancel compete for the one key (order):
 *   nobody yet -> DEDUCTED   the use was first; a cancel finds the row and releases the coupon, once (`compensated`)
 *   nobody yet -> FENCED     the cancel was first; a use that arrives later is refused for ever
 * There is no way from one outcome to the other.
 */
export interface CouponLogRow {
  /** Null where the order was fenced: no coupon was touched. */
  readonly couponId: string | null;
  readonly outcome: 'DEDUCTED' | 'FENCED';
  readonly compensated: boolean;
}

/**
 * What a use is told whose order has been seen before.
 * DEDUCTED: this order uses this coupon. FENCED: the order was cancelled.
 * OTHER_COUPON: the order uses another coupon; the caller contradicts himself, nothing may be answered.
 */
export function outcomeOfRepeat(couponId: string, row: CouponLogRow): 'DEDUCTED' | 'FENCED' | 'OTHER_COUPON' {
  if (row.outcome === 'FENCED' || row.compensated) return 'FENCED';
  return row.couponId === couponId ? 'DEDUCTED' : 'OTHER_COUPON';
}

/** What the order is told after a cancel: RESTORED where a coupon had been used, FENCED where none had. */
export function outcomeOfCancel(row: Pick<CouponLogRow, 'outcome'>): 'RESTORED' | 'FENCED' {
  return row.outcome === 'DEDUCTED' ? 'RESTORED' : 'FENCED';
}
