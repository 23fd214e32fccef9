import { describe, expect, it } from '@jest/globals';
import { Histogram } from './histogram.js';

describe('a histogram of latencies', () => {
  it('has no percentiles while it is empty', () => {
    expect(new Histogram().summary()).toEqual({
      count: 0,
      p50: Number.NaN,
      p99: Number.NaN,
      p999: Number.NaN,
      max: Number.NaN,
    });
  });

  it.each([0.0021, 0.0128, 0.05, 0.73, 1, 9.99, 128, 5_000, 60_000])('gives %f ms back within 1 %%', (latencyMs) => {
    const histogram = new Histogram();
    // A second, larger value: the maximum is exact and would hide the bucket's error.
    histogram.record(latencyMs);
    histogram.record(latencyMs * 3);
    expect(Math.abs(histogram.percentile(0.5) - latencyMs) / latencyMs).toBeLessThan(0.01);
  });

  it('finds the percentiles of 1 to 1000 ms', () => {
    const histogram = new Histogram();
    for (let latencyMs = 1_000; latencyMs >= 1; latencyMs -= 1) histogram.record(latencyMs);
    const { count, p50, p99, p999, max } = histogram.summary();
    expect(count).toBe(1_000);
    expect(p50 / 500).toBeCloseTo(1, 1);
    expect(p99 / 990).toBeCloseTo(1, 1);
    expect(p999 / 999).toBeCloseTo(1, 1);
    expect(max).toBe(1_000);
  });

  it('never says more than the largest value, and takes what is out of range', () => {
    const histogram = new Histogram();
    histogram.record(-5);
    histogram.record(1e9);
    expect(histogram.percentile(0)).toBe(0);
    expect(histogram.percentile(1)).toBeLessThanOrEqual(1e9);
    expect(histogram.summary().max).toBe(1e9);
  });
});
