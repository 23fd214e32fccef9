import { describe, expect, it } from '@jest/globals';
import { outcomeOfCancel, outcomeOfRepeat, type StockLogRow } from './stock-log.js';

const lines = [
  { goodsId: 'globe', quantity: 1 },
  { goodsId: 'teapot', quantity: 2 },
];
const deducted: StockLogRow[] = lines.map((line) => ({ ...line, outcome: 'DEDUCTED', compensated: false }));
const fenced: StockLogRow[] = lines.map((line) => ({ ...line, quantity: 0, outcome: 'FENCED', compensated: false }));

describe('the log of an order', () => {
  it('repeats the first answer to a repeated deduct', () => {
    expect(outcomeOfRepeat(lines, deducted)).toBe('DEDUCTED');
  });

  it('refuses a deduct that comes after the cancel', () => {
    expect(outcomeOfRepeat(lines, fenced)).toBe('FENCED');
  });

  it('refuses a deduct whose goods were given back', () => {
    expect(
      outcomeOfRepeat(
        lines,
        deducted.map((row) => ({ ...row, compensated: true })),
      ),
    ).toBe('FENCED');
  });

  it.each([
    ['one line less', lines.slice(1)],
    ['another quantity', [lines[0]!, { goodsId: 'teapot', quantity: 3 }]],
    ['other goods', [lines[0]!, { goodsId: 'lantern', quantity: 2 }]],
  ])('does not answer for a deduct with %s', (_, other) => {
    expect(outcomeOfRepeat(other, deducted)).toBe('OTHER_GOODS');
  });

  it('tells the order whether something was given back', () => {
    expect(outcomeOfCancel(deducted)).toBe('RESTORED');
    expect(outcomeOfCancel(fenced)).toBe('FENCED');
  });
});
