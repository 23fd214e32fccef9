import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { WakeUp } from './wake-up.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const sleeper = (wakeUp: WakeUp, until: number): { isAwake: boolean } => {
  const state = { isAwake: false };
  void wakeUp.sleep(0, until).then(() => {
    state.isAwake = true;
  });
  return state;
};

it('sleeps until the earliest time of all calls', async () => {
  const wakeUp = new WakeUp(() => Date.now());
  const startedAt = Date.now();
  const loop = sleeper(wakeUp, startedAt + 500);
  wakeUp.by(startedAt + 100);
  wakeUp.by(startedAt + 10);
  wakeUp.by(startedAt + 50);
  await jest.advanceTimersByTimeAsync(9);
  expect(loop.isAwake).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  expect(loop.isAwake).toBe(true);
  expect(jest.getTimerCount()).toBe(0);
});

it('wakes at once when the time is past', async () => {
  const wakeUp = new WakeUp(() => Date.now());
  const loop = sleeper(wakeUp, Date.now() + 500);
  wakeUp.by(0);
  await jest.advanceTimersByTimeAsync(0);
  expect(loop.isAwake).toBe(true);
  expect(jest.getTimerCount()).toBe(0);
});

it('keeps a time that is set while the loop is awake, for one sleep', async () => {
  const wakeUp = new WakeUp(() => Date.now());
  wakeUp.by(Date.now() - 1);
  await wakeUp.sleep(0, Date.now() + 500);
  const loop = sleeper(wakeUp, Date.now() + 500);
  await jest.advanceTimersByTimeAsync(499);
  expect(loop.isAwake).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  expect(loop.isAwake).toBe(true);
});

it('does not shorten a pause by a time that was set before it', async () => {
  const wakeUp = new WakeUp(() => Date.now());
  const startedAt = Date.now();
  wakeUp.by(startedAt);
  const loop = { isAwake: false };
  void wakeUp.sleep(startedAt + 100, startedAt + 500).then(() => {
    loop.isAwake = true;
  });
  await jest.advanceTimersByTimeAsync(99);
  expect(loop.isAwake).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  expect(loop.isAwake).toBe(true);
});
