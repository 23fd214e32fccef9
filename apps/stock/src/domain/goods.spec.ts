import { describe, expect, it } from '@jest/globals';
import { refuseLines, sortLines } from './goods.js';

const stock = [
  { goodsId: 'globe', available: 5 },
  { goodsId: 'teapot', available: 1 },
];

describe('goods', () => {
  it('sorts the lines of an order by goods id', () => {
    const lines = [
      { goodsId: 'teapot', quantity: 1 },
      { goodsId: 'globe', quantity: 2 },
    ];
    expect(sortLines(lines).map((line) => line.goodsId)).toEqual(['globe', 'teapot']);
    expect(lines[0]?.goodsId).toBe('teapot');
  });

  it('sells the last piece', () => {
    expect(refuseLines([{ goodsId: 'teapot', quantity: 1 }], stock)).toBeUndefined();
  });

  it('refuses a quantity above the stock, and names the goods', () => {
    const refusal = refuseLines(
      [
        { goodsId: 'globe', quantity: 5 },
        { goodsId: 'teapot', quantity: 2 },
      ],
      stock,
    );
    expect(refusal).toEqual({
      ok: false,
      code: 'OUT_OF_STOCK',
      detail: 'There is not enough in stock for 2 of teapot.',
    });
  });

  it('names unknown goods before goods that are out of stock', () => {
    const refusal = refuseLines(
      [
        { goodsId: 'teapot', quantity: 9 },
        { goodsId: 'unicorn', quantity: 1 },
      ],
      stock,
    );
    expect(refusal?.code).toBe('GOODS_NOT_FOUND');
    expect(refusal?.detail).toContain('unicorn');
  });
});
