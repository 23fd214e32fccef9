import { describe, expect, it } from '@jest/globals';
import { outcomeOfCancel, outcomeOfRepeat, type BalanceLogRow } from './balance-log.js';

const deduction = { userId: 'ada', amount: 700n, currency: 'EUR' };
const deducted: BalanceLogRow = { ...deduction, outcome: 'DEDUCTED', compensated: false };
const fenced: BalanceLogRow = { ...deduction, amount: 0n, outcome: 'FENCED', compensated: false };

describe('the log of an order', () => {
  it('repeats the first answer to a repeated deduct', () => {
    expect(outcomeOfRepeat(deduction, deducted)).toBe('DEDUCTED');
  });

  it('refuses a deduct that comes after the cancel', () => {
    expect(outcomeOfRepeat(deduction, fenced)).toBe('FENCED');
    expect(outcomeOfRepeat(deduction, { ...deducted, compensated: true })).toBe('FENCED');
  });

  it.each([
    ['amount', { ...deduction, amount: 701n }],
    ['buyer', { ...deduction, userId: 'grace' }],
    ['currency', { ...deduction, currency: 'USD' }],
  ])('does not answer for another %s', (_, other) => {
    expect(outcomeOfRepeat(other, deducted)).toBe('OTHER_AMOUNT');
  });

  it('tells the order whether something was given back', () => {
    expect(outcomeOfCancel(deducted)).toBe('RESTORED');
    expect(outcomeOfCancel(fenced)).toBe('FENCED');
  });
});
