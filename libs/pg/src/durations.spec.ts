import { expect, it } from '@jest/globals';
import { BatchPools } from './batcher/batch-pools.js';
import { StatementBatcher } from './batcher/statement-batcher.js';
import { durationProblems, ruleProblems } from './durations.js';
import { limitedSession } from './session-limits.js';

it('names every duration that no timer can wait for, and every limit that another one contradicts, at once', () => {
  const options = {
    pollMs: 2 ** 31,
    waitMs: Number.NaN,
    stopMs: -1,
    keepMs: 2 ** 40,
    keepLongerMs: Infinity,
    fineMs: 5,
    termMs: 1,
    sweepIntervalMs: 0,
    timeoutMs: 0,
    startTimeoutMs: 0,
    textMs: '5',
    absentMs: undefined,
    count: 2 ** 40,
  };
  const problems = durationProblems(options, [
    { field: 'termMs', longerThan: ['fineMs'], reason: 'a term outlasts a statement' },
  ]);
  expect(problems).toEqual([
    'pollMs must be from 0 to 2147483647 ms, not 2147483648',
    'waitMs must be from 0 to 2147483647 ms, not NaN',
    'stopMs must be from 0 to 2147483647 ms, not -1',
    'keepLongerMs must be from 0 to 3153600000000 ms, not Infinity',
    'sweepIntervalMs must be from 1 to 2147483647 ms, not 0',
    'timeoutMs must be from 1 to 2147483647 ms, not 0',
    'textMs must be from 0 to 2147483647 ms, not 5',
    'termMs (1) must be longer than fineMs (5): a term outlasts a statement',
  ]);
});

it.each([
  ['atLeast', 30, []],
  ['atLeast', 29, ['a=29 must be at least b=10 + c=20: why']],
  ['longerThan', 31, []],
  ['longerThan', 30, ['a=30 must be longer than b=10 + c=20: why']],
] as const)('a rule %s of a sum of 30 says of %d: %j', (kind, a, problems) => {
  const rule = { field: 'a', reason: 'why' };
  const names = ['b', 'c'];
  const whole = kind === 'atLeast' ? { ...rule, atLeast: names } : { ...rule, longerThan: names };
  expect(ruleProblems([whole], { a, b: 10, c: 20 }, (name, value) => `${name}=${String(value)}`)).toEqual(problems);
});

it('a rule says nothing of a field that has a problem already', () => {
  const rules = [{ field: 'a', atLeast: ['b'], reason: 'why' }];
  for (const values of [{ a: undefined, b: 1 }, { a: 1 }, { a: NaN, b: 1 }])
    expect(ruleProblems(rules, values, String)).toEqual([]);
});

it.each([
  { statementTimeoutMs: 0 },
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
  for (const lockTimeoutMs of [2 ** 31, 0, 15_000])
    expect(() => new BatchPools({ url: 'postgres://nowhere', lockTimeoutMs })).toThrow('lockTimeoutMs');
  expect(() => new StatementBatcher(pools, { maxWaitMs: 2 ** 31 })).toThrow('maxWaitMs');
});
