import { expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { IdempotencyOptionsError } from './errors.js';
import { RedisHints } from './hints/redis-hints.js';
import { withDefaults } from './idempotency.config.js';

const pool = {} as Pool;

it('refuses every duration that is none, all at once', () => {
  const build = () =>
    withDefaults({
      pool,
      sweepIntervalMs: 2 ** 31,
      redisTimeoutMs: Number.NaN,
      keepKeysMs: -1,
      keepConsumedMs: Infinity,
    });
  expect(build).toThrow(IdempotencyOptionsError);
  expect(build).toThrow(
    /redisTimeoutMs must be .* not NaN.*keepKeysMs must be .* not -1.*keepConsumedMs.*Infinity.*sweepIntervalMs must be from 1 to 2147483647 ms, not 2147483648/,
  );
});

it.each([{ sweepIntervalMs: 0 }, { redisTimeoutMs: 0 }, { redisTimeoutMs: Infinity }, { keepKeysMs: 0 }])(
  'refuses %p, which would be a loop without a pause, or a wait without an end',
  (options) => {
    expect(() => withDefaults({ pool, ...options })).toThrow(Object.keys(options)[0]);
  },
);

it('keeps keys for ever, and takes undefined for the default', () => {
  const options = withDefaults({ pool, keepKeysMs: Infinity, sweepIntervalMs: undefined as never });
  expect(options).toMatchObject({ keepKeysMs: Infinity, sweepIntervalMs: 600_000, redisTimeoutMs: 50, httpKeys: true });
});

it('no hint is waited for without an end', () => {
  for (const timeoutMs of [2 ** 31, Number.NaN, -1, 0, Infinity])
    expect(() => new RedisHints({ pool, timeoutMs })).toThrow(IdempotencyOptionsError);
});
