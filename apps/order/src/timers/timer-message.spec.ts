import { describe, expect, it } from '@jest/globals';
import { timerDelayMs } from './timer-message.js';

describe('the delay of a timer message', () => {
  it('is the time that is left, in whole milliseconds', () => {
    expect(timerDelayMs(1500.2, 1)).toBe(1501);
  });

  it('is never more than the longest level of the scaled ladder', () => {
    expect(timerDelayMs(24 * 3_600_000, 1)).toBe(7_200_000);
    expect(timerDelayMs(30_000, 1000)).toBe(7_200);
  });
});
