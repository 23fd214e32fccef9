import { createHistogram } from 'node:perf_hooks';

const TICKS_PER_MS = 10_000;
/** An hour. Node would not count a longer latency at all, so it counts as an hour. */
const TICKS_MAX = 3_600_000 * TICKS_PER_MS;
/** Node records whole numbers from 1 on, so a latency of 0 is recorded as 1. */
const ZERO_TICKS = 1;

export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * Latencies in Node's HDR histogram: a percentile is right to 0.1 % from 0.2 ms to an hour, and to 0.1 µs below. To record a
 * latency costs some 0.1 µs and allocates nothing, which is below 2 % of a core at 150,000 messages a second.
 */
export class Histogram {
  private readonly ticks = createHistogram({ lowest: 1, highest: TICKS_MAX + ZERO_TICKS, figures: 3 });
  private largestMs = 0;

  get count(): number {
    return this.ticks.count;
  }

  /** A negative latency, which a clock gives that was set back, counts as 0. */
  record(latencyMs: number): void {
    this.ticks.record(ZERO_TICKS + Math.min(TICKS_MAX, Math.max(0, Math.round(latencyMs * TICKS_PER_MS))));
    if (latencyMs > this.largestMs) this.largestMs = latencyMs;
  }

  /** The smallest latency, ms, that at least `share` (0 to 1) of the records do not exceed. NaN without a record. */
  percentile(share: number): number {
    if (this.count === 0) return Number.NaN;
    // Node accepts a percentile above 0 only.
    const ticks = this.ticks.percentile(Math.max(share * 100, Number.EPSILON)) - ZERO_TICKS;
    // Node gives the end of a bucket, which may lie above the largest latency.
    return Math.min(ticks / TICKS_PER_MS, this.largestMs);
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      p50: this.percentile(0.5),
      p99: this.percentile(0.99),
      p999: this.percentile(0.999),
      max: this.count === 0 ? Number.NaN : this.largestMs,
    };
  }
}
