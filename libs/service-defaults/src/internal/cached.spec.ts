import { expect, it } from '@jest/globals';
import { cached } from './cached.js';

it('computes once for a crowd, and again when the answer is old', async () => {
  let computed = 0;
  const read = cached(async () => ++computed, 0);
  expect(await Promise.all(Array.from({ length: 100 }, read))).toEqual(Array.from({ length: 100 }, () => 1));
  expect(await read()).toBe(2);
});

it('keeps an answer for its time', async () => {
  let computed = 0;
  const read = cached(async () => ++computed, 1_000_000);
  await read();
  expect(await read()).toBe(1);
});

it('does not keep a failure', async () => {
  let computed = 0;
  const read = cached(async () => {
    if (++computed === 1) throw new Error('not yet');
    return computed;
  }, 1_000_000);
  await expect(read()).rejects.toThrow('not yet');
  expect(await read()).toBe(2);
});
