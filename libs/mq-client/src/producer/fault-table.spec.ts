import { describe, expect, it } from '@jest/globals';
import { FaultTable } from './fault-table.js';

describe('FaultTable', () => {
  it.each([
    [50, 0],
    [549, 0],
    [550, 2_000],
    [1_800, 5_000],
    [3_000, 6_000],
    [5_000, 10_000],
    [15_000, 30_000],
  ])('avoids a broker that took %i ms for %i ms', (latencyMs, penaltyMs) => {
    let now = 1_000;
    const faults = new FaultTable({ now: () => now });
    faults.answered('a', latencyMs);
    expect(faults.available('a')).toBe(penaltyMs === 0);
    now += penaltyMs;
    expect(faults.available('a')).toBe(true);
  });

  it('avoids a failed broker for 10 s, unless it answers quickly before', () => {
    let now = 0;
    const faults = new FaultTable({ now: () => now });
    faults.failed('a');
    now = 9_999;
    expect(faults.available('a')).toBe(false);
    faults.answered('a', 3);
    expect(faults.available('a')).toBe(true);
    expect(faults.available('unknown')).toBe(true);
  });
});
