/**
 * The clock by which files get old. It follows the wall clock, but it never goes back and never runs faster than twice
 * real time: a wall clock that jumps a year ahead, or a machine that was off for a week, must not make everything
 * look expired at once. Keeping files too long is harmless, the disk share has the last word.
 */
export class RetentionClock {
  private value: number;
  private lastMonotonic: number;

  constructor(
    /** Where the last process left it, or the store time of the newest record; 0 in a new store. */
    start: number,
    private readonly now: () => number,
    private readonly monotonicNow: () => number,
  ) {
    this.value = start > 0 ? start : now();
    this.lastMonotonic = monotonicNow();
  }

  read(): number {
    const monotonic = this.monotonicNow();
    const elapsed = Math.max(0, monotonic - this.lastMonotonic);
    this.lastMonotonic = monotonic;
    this.value = Math.max(this.value, Math.min(this.now(), this.value + 2 * elapsed));
    return this.value;
  }
}
