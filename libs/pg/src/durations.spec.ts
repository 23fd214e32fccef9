import { expect, it } from '@jest/globals';
import { BatchPools } from './batcher/batch-pools.js';
import { StatementBatcher } from './batcher/statement-batcher.js';
import { durationProblems } from './durations.js';
import { limitedSession } from './session-limits.js';

it('names every duration that no timer can wait for, and every limit that another one contradicts, at once', () => {
  const options = {
    pollMs: 2 ** 31,
    waitMs: Number.NaN,
    stopMs: -1,
    keepMs: 2 ** 40,
    fineMs: 5,
    termMs: 1,
    count: 2 ** 40,
  };
  const problems = durationProblems(options, [['termMs', 'fineMs', 'a term outlasts a statement']]);
  expect(problems).toEqual([
    'pollMs must be from 0 to 2147483647 ms, not 2147483648',
    'waitMs must be from 0 to 2147483647 ms, not NaN',
    'stopMs must be from 0 to 2147483647 ms, not -1',
    'termMs (1) must be longer than fineMs (5): a term outlasts a statement',
  ]);
});

it.each([
  { statementTimeoutMs: 2 ** 31 },
  { connectTimeoutMs: Infinity },
  { idleInTransactionTimeoutMs: -1 },
  { silenceTimeoutMs: 10_000, statementTimeoutMs: 10_000 },
  { silenceTimeoutMs: 10_000 },
])('no session has limits like %p', (limits) => {
  const [name = ''] = Object.keys(limits);
  expect(() => limitedSession(limits)).toThrow(name);
});

it('no batcher waits for ever', () => {
  const pools = new BatchPools({ url: 'postgres://nowhere' });
  expect(() => new BatchPools({ url: 'postgres://nowhere', lockTimeoutMs: 2 ** 31 })).toThrow('lockTimeoutMs');
  expect(() => new StatementBatcher(pools, { maxWaitMs: 2 ** 31 })).toThrow('maxWaitMs');
});
