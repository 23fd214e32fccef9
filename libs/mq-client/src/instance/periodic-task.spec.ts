import { afterEach, describe, expect, it } from '@jest/globals';
import { PeriodicTask } from './periodic-task.js';

const tasks: PeriodicTask[] = [];
afterEach(() => Promise.all(tasks.splice(0).map((task) => task.stop())));

function task(run: () => Promise<void>, intervalMs = 60_000): PeriodicTask {
  const created = new PeriodicTask(intervalMs, run, () => undefined);
  tasks.push(created);
  return created;
}

describe('PeriodicTask', () => {
  it('runs exactly once more, however often it is asked during a run', async () => {
    let runs = 0;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow = task(async () => {
      runs += 1;
      await gate;
    });
    const first = slow.runNow();
    const later = [slow.runNow(), slow.runNow(), slow.runNow()];
    open();
    await Promise.all([first, ...later]);
    expect(runs).toBe(2);
  });

  it('goes on after a run that failed', async () => {
    let runs = 0;
    const failing = task(async () => {
      runs += 1;
      throw new Error('no');
    });
    await failing.runNow();
    await failing.runNow();
    expect(runs).toBe(2);
  });

  it('repeats by itself, and does not run after stop', async () => {
    let runs = 0;
    const quick = task(async () => void (runs += 1), 1);
    quick.start();
    while (runs < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    await quick.stop();
    const stoppedAt = runs;
    await quick.runNow();
    expect(runs).toBe(stoppedAt);
  });
});
