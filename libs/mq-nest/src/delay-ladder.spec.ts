import { describe, expect, it } from '@jest/globals';
import { delayLevelFor, findDelayLevel, LONGEST_LEVEL } from './delay-ladder.js';
import { InvalidMessageError } from './errors.js';

describe('delay levels', () => {
  it.each([
    [0, 0],
    [-5, 0],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [30_000, 4],
    [30_001, 5],
    [60_000, 5],
    [600_001, 15],
    [1_800_000, 16],
    [3_600_000, 17],
    [7_200_000, 18],
  ])('the first one that is not shorter is used: %d ms is level %d', (delayMs, level) => {
    expect(delayLevelFor(delayMs, 1)).toBe(level);
  });

  it('are divided by the time scale, so that a scaled half hour is level 16 again', () => {
    for (const timeScale of [7, 60, 600, 3600]) {
      for (const round of [Math.floor, Math.round, Math.ceil])
        expect(findDelayLevel(round(1_800_000 / timeScale), timeScale)).toBeLessThanOrEqual(16);
      expect(delayLevelFor(Math.ceil(1_800_000 / timeScale), timeScale)).toBe(16);
    }
  });

  it('a delay beyond the last one is refused, because the delivery would be too early', () => {
    expect(() => delayLevelFor(7_200_001, 1)).toThrow(InvalidMessageError);
    expect(() => delayLevelFor(7_200_001, 1)).toThrow('longer than the last delay level, 7200000 ms');
    expect(findDelayLevel(7_200_001, 1)).toBeUndefined();
    expect(LONGEST_LEVEL).toBe(18);
  });

  it('a delay that is not a number is refused', () => {
    expect(() => delayLevelFor(Number.NaN, 1)).toThrow(InvalidMessageError);
  });
});
