/**
 * The row of balance_success_log of one order with what balance_compensation_log says about it.
 *
 * Deduct and cancel compete for the one key (order):
 *   nobody yet -> DEDUCTED   the deduct was first; a cancel finds the row and gives back, once (`compensated`)
 *   nobody yet -> FENCED     the cancel was first; a deduct that arrives later is refused for ever
 * There is no way from one outcome to the other.
 */
export interface BalanceLogRow {
  readonly userId: string;
  /** Minor units; 0 where the order was fenced. */
  readonly amount: bigint;
  readonly currency: string;
  readonly outcome: 'DEDUCTED' | 'FENCED';
  readonly compensated: boolean;
}

export interface Deduction {
  readonly userId: string;
  readonly amount: bigint;
  readonly currency: string;
}

/**
 * What a deduct is told whose order has been seen before.
 * DEDUCTED: this amount was taken for this order and still is. FENCED: the order was cancelled.
 * OTHER_AMOUNT: another amount, or another buyer's; the caller contradicts himself, nothing may be answered.
 */
export function outcomeOfRepeat(deduction: Deduction, row: BalanceLogRow): 'DEDUCTED' | 'FENCED' | 'OTHER_AMOUNT' {
  if (row.outcome === 'FENCED' || row.compensated) return 'FENCED';
  const same =
    row.userId === deduction.userId && row.amount === deduction.amount && row.currency === deduction.currency;
  return same ? 'DEDUCTED' : 'OTHER_AMOUNT';
}

/** What the order is told after a cancel: RESTORED where money had been taken, FENCED where none had. */
export function outcomeOfCancel(row: Pick<BalanceLogRow, 'outcome'>): 'RESTORED' | 'FENCED' {
  return row.outcome === 'DEDUCTED' ? 'RESTORED' : 'FENCED';
}
