/**
 * Lets a loop sleep until a time that every caller of `by` may move forward. A call for a later time costs one
 * comparison. A call while the loop is awake counts for the loop's next sleep.
 */
export class WakeUp {
  private wakeAt = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private resume: (() => void) | undefined;

  /** @param clock the clock of all times that are passed in, in ms */
  constructor(private readonly clock: () => number) {}

  /** Wakes the loop at `time`, or at once when `time` is past. */
  by(time: number): void {
    if (time >= this.wakeAt) return;
    this.wakeAt = time;
    if (this.resume) this.arm(this.resume);
  }

  /**
   * Sleeps until `to`, or until an earlier time of {@link by}. A time that was passed before this sleep counts as
   * `from` at least.
   */
  async sleep(from: number, to: number): Promise<void> {
    this.wakeAt = Math.max(from, Math.min(this.wakeAt, to));
    if (this.wakeAt > this.clock()) {
      await new Promise<void>((resolve) => {
        this.resume = resolve;
        this.arm(resolve);
      });
      this.resume = undefined;
    }
    this.wakeAt = Number.POSITIVE_INFINITY;
  }

  private arm(resume: () => void): void {
    clearTimeout(this.timer);
    const waitMs = this.wakeAt - this.clock();
    if (waitMs > 0) this.timer = setTimeout(resume, Math.ceil(waitMs));
    else resume();
  }
}
