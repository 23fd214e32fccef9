import { afterEach, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

let pace: Pace;
afterEach(() => pace.close());

it('gives so many turns at once, keeps so many waiting, and refuses the rest', async () => {
  pace = new Pace({ perInterval: 2, intervalMs: 1_000_000, waitingMax: 1 });
  const turns = [pace.turn(), pace.turn(), pace.turn(), pace.turn()];
  expect(await Promise.all([turns[0], turns[1], turns[3]])).toEqual([true, true, false]);
  pace.close();
  expect(await turns[2]).toBe(true);
});

it('gives the turns of the next interval to those who wait', async () => {
  pace = new Pace({ perInterval: 2, intervalMs: 5, waitingMax: 100 });
  const turns = Array.from({ length: 7 }, () => pace.turn());
  expect(await Promise.all(turns)).toEqual(turns.map(() => true));
});
