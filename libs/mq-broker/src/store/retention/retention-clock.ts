/**
 * The clock for the age of files. It follows the wall clock, but it never goes back and never runs faster than twice real time.
 * Otherwise all files would expire at once when the wall clock jumps a year ahead, or when a machine was off for a week. Files that
 * are kept too long do no harm: a full disk deletes them anyway.
 */
export class RetentionClock {
  private value: number;
  private lastMonotonic: number;

  constructor(
    /** Its value in the last process, or the store time of the newest record. 0 in a new store. */
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
