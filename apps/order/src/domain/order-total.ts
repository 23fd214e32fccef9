/** Minor units of one currency. */
export interface OrderTotal {
  readonly total: bigint;
  readonly discount: bigint;
  readonly balanceUsed: bigint;
  readonly payable: bigint;
}

export interface PricedLine {
  readonly unitPrice: bigint;
  readonly quantity: number;
}

/** Thrown when the buyer asks to take more from the balance than is left to pay. */
export class BalanceExceedsTotalError extends Error {
  override readonly name = 'BalanceExceedsTotalError';
  readonly code = 'BALANCE_EXCEEDS_TOTAL';
  readonly retriable = false;

  constructor(
    readonly balanceToUse: bigint,
    readonly open: bigint,
  ) {
    super(`${balanceToUse} was to be taken from the balance, but only ${open} is left to pay after the discount`);
  }
}

/** The sum of unit price times quantity over all lines. */
export function totalOf(lines: readonly PricedLine[]): bigint {
  return lines.reduce((sum, line) => sum + line.unitPrice * BigInt(line.quantity), 0n);
}

/**
 * The money equation: total = discount + balanceUsed + payable, no part negative.
 * @throws {BalanceExceedsTotalError}
 */
export function splitTotal(total: bigint, discount: bigint, balanceToUse: bigint): OrderTotal {
  if (total < 0n || discount < 0n || balanceToUse < 0n) throw new RangeError('an amount of an order is never negative');
  if (discount > total) throw new RangeError(`the discount ${discount} is more than the total ${total}`);
  const open = total - discount;
  if (balanceToUse > open) throw new BalanceExceedsTotalError(balanceToUse, open);
  return { total, discount, balanceUsed: balanceToUse, payable: open - balanceToUse };
}
