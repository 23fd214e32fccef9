/** With one sample every 10 s, ten minutes. */
const SAMPLES = 61;

/** A growing total and its rate over the last samples. */
export class RateCounter {
  total = 0;
  private readonly totals = new Float64Array(SAMPLES);
  private readonly times = new Float64Array(SAMPLES);
  private taken = 0;

  constructor(now: number) {
    this.sample(now);
  }

  /** Call it at constant intervals. */
  sample(now: number): void {
    const slot = this.taken % SAMPLES;
    this.totals[slot] = this.total;
    this.times[slot] = now;
    this.taken += 1;
  }

  /** The rate per second over the last `samples` intervals, or over all there are. */
  rate(samples: number): number {
    const steps = Math.min(samples, this.taken - 1, SAMPLES - 1);
    if (steps <= 0) return 0;
    const newest = (this.taken - 1) % SAMPLES;
    const oldest = (this.taken - 1 - steps) % SAMPLES;
    const elapsedMs = (this.times[newest] ?? 0) - (this.times[oldest] ?? 0);
    return elapsedMs <= 0 ? 0 : (((this.totals[newest] ?? 0) - (this.totals[oldest] ?? 0)) * 1000) / elapsedMs;
  }

  /** True when the total did not change in any of the samples: then the counter may be removed. */
  get isStill(): boolean {
    return this.taken >= SAMPLES && this.totals.every((total) => total === this.total);
  }
}
