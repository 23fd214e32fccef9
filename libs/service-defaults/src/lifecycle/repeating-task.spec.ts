import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { RepeatingTask } from './repeating-task.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it('reports a failed round and begins the next one', async () => {
  const failures: unknown[] = [];
  let rounds = 0;
  const fail = (): Promise<void> => {
    rounds += 1;
    return Promise.reject(new Error(`round ${rounds}`));
  };
  const task = new RepeatingTask(100, fail, (error) => failures.push(error));
  task.start();
  await jest.advanceTimersByTimeAsync(250);
  expect(failures).toEqual([new Error('round 1'), new Error('round 2')]);
  await task.stop();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(rounds).toBe(2);
});

it('stops when the running round has ended, and begins no further round', async () => {
  let finish = (): void => undefined;
  let rounds = 0;
  const work = (): Promise<void> => {
    rounds += 1;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const task = new RepeatingTask(100, work, () => undefined);
  task.start();
  await jest.advanceTimersByTimeAsync(100);
  let stopped = false;
  const stopping = task.stop().then(() => {
    stopped = true;
  });
  await jest.advanceTimersByTimeAsync(500);
  expect(stopped).toBe(false);
  finish();
  await stopping;
  await jest.advanceTimersByTimeAsync(500);
  expect(rounds).toBe(1);
});
