import { expect, it } from '@jest/globals';
import { FailingKeys } from './failing-keys.js';

it('makes a key wait longer after every failure, up to a limit, and no other key', () => {
  let now = 0;
  const keys = new FailingKeys({ initialMs: 100, maxMs: 1_000 }, () => now);
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 8; attempt++) {
    expect(keys.failed('a')).toBe(attempt);
    expect(keys.waiting()).toEqual(['a']);
    waits.push(keys.nextInMs() ?? 0);
    now += keys.nextInMs() ?? 0;
    expect(keys.waiting()).toEqual([]);
  }
  const expected = [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000];
  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThanOrEqual((expected[index] ?? 0) * 0.75);
    expect(wait).toBeLessThanOrEqual((expected[index] ?? 0) * 1.25);
  }
});

it('begins again after a success, and forgets a key that was not tried for a long time', () => {
  let now = 0;
  const keys = new FailingKeys({ initialMs: 100, maxMs: 1_000 }, () => now);
  keys.failed('a');
  keys.failed('a');
  keys.succeeded('a');
  expect(keys.nextInMs()).toBeUndefined();
  expect(keys.failed('a')).toBe(1);
  now = 3_600_000;
  expect(keys.waiting()).toEqual([]);
  expect(keys.size).toBe(0);
});
