import { describe, expect, it } from '@jest/globals';
import { BalanceExceedsTotalError, splitTotal, totalOf } from './order-total.js';

describe('the money equation', () => {
  it('adds up price times quantity', () => {
    expect(
      totalOf([
        { unitPrice: 1250n, quantity: 2 },
        { unitPrice: 4990n, quantity: 1 },
      ]),
    ).toBe(7490n);
  });

  it('leaves to pay what neither the coupon nor the balance covers', () => {
    expect(splitTotal(7490n, 500n, 1000n)).toEqual({
      total: 7490n,
      discount: 500n,
      balanceUsed: 1000n,
      payable: 5990n,
    });
  });

  it('leaves nothing to pay when the balance covers the rest to the cent', () => {
    expect(splitTotal(1250n, 500n, 750n).payable).toBe(0n);
  });

  it('refuses to take one cent more from the balance than is left to pay', () => {
    expect(() => splitTotal(1250n, 500n, 751n)).toThrow(BalanceExceedsTotalError);
  });

  it('refuses a discount above the total and negative amounts', () => {
    expect(() => splitTotal(100n, 101n, 0n)).toThrow(RangeError);
    expect(() => splitTotal(100n, 0n, -1n)).toThrow(RangeError);
  });

  it('is true for every split', () => {
    for (let total = 0n; total <= 12n; total++)
      for (let discount = 0n; discount <= total; discount++)
        for (let balance = 0n; balance <= total - discount; balance++) {
          const split = splitTotal(total, discount, balance);
          expect(split.discount + split.balanceUsed + split.payable).toBe(split.total);
        }
  });
});
