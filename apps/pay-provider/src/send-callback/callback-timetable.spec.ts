import { describe, expect, it } from '@jest/globals';
import { waitBeforeNextAttemptMs } from './callback-timetable.js';

const timetable = { firstRetryMs: 15_000, attemptsMax: 12, timeScale: 1 };

describe('the timetable of a callback', () => {
  it('doubles its waits up to an hour, then gives up', () => {
    const waits = Array.from({ length: 12 }, (_, index) => waitBeforeNextAttemptMs(index + 1, timetable));
    expect(waits.map((wait) => wait && wait / 1000)).toEqual([
      15,
      30,
      60,
      120,
      240,
      480,
      960,
      1920,
      3600,
      3600,
      3600,
      undefined,
    ]);
  });

  it('is divided by the time scale, down to a shortest wait', () => {
    expect(waitBeforeNextAttemptMs(1, { ...timetable, timeScale: 60 })).toBe(250);
    expect(waitBeforeNextAttemptMs(1, { ...timetable, timeScale: 1e9 })).toBe(20);
  });
});
