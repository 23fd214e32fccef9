import { describe, expect, it } from '@jest/globals';
import { mergeStatements } from './merge-statements.js';
import { bind, bindLine } from '../statement.js';

const take = { name: 'take', text: 'takes $1, $2', columnar: true } as const;
const note = { name: 'note', text: 'notes $1', columnar: true } as const;
const plain = { name: 'plain', text: 'does $1' };
const rows = (...found: object[]) => ({ rows: found, rowCount: found.length });
const NONE = rows();

describe('statements of several requests', () => {
  it('are one where requests want the same, with the columns of all in their order', () => {
    const { statements } = mergeStatements([
      [bindLine(take, ['a', 1]), bindLine(note, ['x'])],
      [
        bind(take, [
          ['b', 'c'],
          [2, 3],
        ]),
        bind(note, [[]]),
      ],
      [bindLine(take, ['d', null]), bindLine(note, ['y'])],
    ]);
    expect(statements).toEqual([
      {
        ...take,
        values: [
          ['a', 'b', 'c', 'd'],
          [1, 2, 3, null],
        ],
      },
      { ...note, values: [['x', 'y']] },
    ]);
  });

  it('get the rows of their own lines, and no others', () => {
    const { divide } = mergeStatements([
      [bindLine(take, ['a', 1]), bindLine(note, ['x'])],
      [
        bind(take, [
          ['b', 'c'],
          [2, 3],
        ]),
        bind(note, [[]]),
      ],
      [bindLine(take, ['b', 4]), bindLine(note, ['y'])],
    ]);
    const taken = [4, 1, 3].map((line) => ({ line, of: line }));
    expect(divide([rows(...taken), rows({ line: 2 }, { refuse_unless: true })])).toEqual([
      [rows({ line: 1, of: 1 }), NONE],
      [rows({ line: 3, of: 3 }), NONE],
      [rows({ line: 4, of: 4 }), rows({ line: 2 })],
    ]);
  });

  it('stay as they are where requests want something else, or anything that is not columnar', () => {
    const requests = [
      [bindLine(take, ['a', 1])],
      [bindLine(note, ['x']), bindLine(take, ['b', 2])],
      [bind(plain, [1])],
      [bindLine(take, ['c', 3])],
      [bind(plain, [2])],
      [bindLine(take, ['d', 4]), bind(plain, [3])],
    ];
    const { statements, divide } = mergeStatements(requests);
    expect(statements).toEqual([
      {
        ...take,
        values: [
          ['a', 'c'],
          [1, 3],
        ],
      },
      ...(requests[1] ?? []),
      ...(requests[2] ?? []),
      ...(requests[4] ?? []),
      ...(requests[5] ?? []),
    ]);
    const results = [rows({ line: 2 }), ...[1, 2, 3, 4, 5, 6].map((n) => ({ rows: [{ n }], rowCount: n }))];
    expect(divide(results)).toEqual([
      [NONE],
      [results[1], results[2]],
      [results[3]],
      [rows({ line: 2 })],
      [results[4]],
      [results[5], results[6]],
    ]);
  });

  it('of one request alone keep their results as they came', () => {
    const { statements, divide } = mergeStatements([[bindLine(take, ['a', 1])]]);
    expect(statements).toEqual([bindLine(take, ['a', 1])]);
    const result = { rows: [{ refuse_unless: true }], rowCount: 7 };
    expect(divide([result])).toEqual([[result]]);
  });

  it('must have a column for each parameter', () => {
    const scalar = [bind(take, ['a', [1]])];
    expect(() => mergeStatements([scalar, scalar])).toThrow('parameter 1 of take is no column');
  });
});
