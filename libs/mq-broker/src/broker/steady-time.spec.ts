import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ConfigStorage } from '../config/index.js';
import { ManualClock } from '../testing/manual-clock.js';
import { SteadyTime } from './steady-time.js';

const HOUR = 3_600_000;

describe('steady time', () => {
  let clock: ManualClock;
  let text: string | undefined;
  const storage: ConfigStorage = {
    load: async (check) => {
      await Promise.resolve();
      if (text !== undefined) check(text);
      return text;
    },
    save: (saved) => {
      text = saved;
      return Promise.resolve();
    },
  };
  const load = (): Promise<SteadyTime> => SteadyTime.load(clock, storage, () => undefined);

  beforeEach(() => {
    clock = new ManualClock();
    text = undefined;
  });

  it('begins as the wall clock, and counts on whatever is done to it', async () => {
    const time = await load();
    const start = clock.now();
    for (const jump of [HOUR, -2 * HOUR, 5]) {
      clock.jump(jump);
      clock.advance(1_000);
    }
    expect(time.now() - start).toBe(3_000);
  });

  it.each(['a clean stop', 'a kill'])('goes on over %s, although the wall clock was set meanwhile', async (end) => {
    const first = await load();
    const start = first.now();
    clock.advance(25_000);
    if (end === 'a clean stop') await first.close();
    clock.jump(-HOUR);
    clock.advance(60_000);
    expect((await load()).now() - start).toBe(85_000);
  });

  it('has only the wall clock over a boot of the machine', async () => {
    const first = await load();
    const start = first.now();
    await first.close();
    clock.bootId = 'second boot';
    clock.jump(120_000);
    expect((await load()).now() - start).toBe(120_000);
  });

  it('never goes back over a boot, and begins anew where its file is none', async () => {
    const first = await load();
    const start = first.now();
    await first.close();
    clock.bootId = 'second boot';
    clock.jump(-HOUR);
    expect((await load()).now()).toBe(start);
    text = '{"bootId":1}';
    expect((await load()).now()).toBe(clock.now());
  });
});
