import { describe, expect, it } from '@jest/globals';
import { allocationStrategies } from './assignment-processor.js';

describe('the allocation of queues', () => {
  it.each([
    [4, 3, [[0, 1], [2], [3]]],
    [
      8,
      3,
      [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
      ],
    ],
    [
      10,
      4,
      [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
        [8, 9],
      ],
    ],
    [2, 3, [[0], [1], []]],
  ])("of %d queues among %d members is Java's average", (queues, members, expected) => {
    expect(expected.map((_, index) => allocationStrategies['AVG']?.(queues, members, index))).toEqual(expected);
  });

  it('by circle deals them out in turn', () => {
    expect([0, 1, 2].map((index) => allocationStrategies['AVG_BY_CIRCLE']?.(5, 3, index))).toEqual([
      [0, 3],
      [1, 4],
      [2],
    ]);
  });
});
