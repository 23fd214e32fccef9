import { describe, expect, it } from '@jest/globals';
import { median } from './median.js';
import { percent, shortNumber, textTable } from './text-table.js';

describe('a table of figures', () => {
  it('lines text up on the left and figures on the right', () => {
    const table = textTable(
      ['row', 'msg/s'],
      [
        ['send', '6.4 k'],
        ['pull', '540 k'],
        ['start', '-'],
      ],
    );
    expect(table.split('\n')).toEqual(['row    msg/s', '-----  -----', 'send   6.4 k', 'pull   540 k', 'start      -']);
  });

  it('shows three figures that matter', () => {
    const shown = [0.1234, 1.2345, 12.345, 123.45, 1_234.5, 12_345, 123_450, 1_234_500, Number.NaN].map(shortNumber);
    expect(shown).toEqual(['0.123', '1.23', '12.3', '123', '1.2 k', '12.3 k', '123 k', '1.23 M', '-']);
  });

  it('shows a share of a core as percent', () => {
    expect([0.805, 0, Number.NaN].map(percent)).toEqual(['81 %', '0 %', '-']);
  });
});

describe('a median', () => {
  it('is the middle value, or the mean of the two in the middle', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});
