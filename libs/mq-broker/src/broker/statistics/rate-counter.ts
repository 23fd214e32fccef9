/** Samples kept: with one each 10 s, ten minutes. */
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

  /** To be called in a steady beat. */
  sample(now: number): void {
    const slot = this.taken % SAMPLES;
    this.totals[slot] = this.total;
    this.times[slot] = now;
    this.taken += 1;
  }

  /** Per second, over the last `samples` steps or as many as there are. */
  rate(samples: number): number {
    const steps = Math.min(samples, this.taken - 1, SAMPLES - 1);
    if (steps <= 0) return 0;
    const newest = (this.taken - 1) % SAMPLES;
    const oldest = (this.taken - 1 - steps) % SAMPLES;
    const elapsedMs = (this.times[newest] ?? 0) - (this.times[oldest] ?? 0);
    return elapsedMs <= 0 ? 0 : (((this.totals[newest] ?? 0) - (this.totals[oldest] ?? 0)) * 1000) / elapsedMs;
  }

  /** True when nothing happened for as long as the samples reach: the counter may be forgotten. */
  get isStill(): boolean {
    return this.taken >= SAMPLES && this.totals.every((total) => total === this.total);
  }
}
