/**
 * Lets a loop sleep until somebody has asked it to be awake. A caller says by when; calls that ask for nothing earlier
 * cost a comparison. What is asked while the loop is awake is remembered.
 */
export class WakeUp {
  private wakeAt = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private resume: (() => void) | undefined;

  /** @param clock the times of all calls are its milliseconds */
  constructor(private readonly clock: () => number) {}

  /** Be awake at `time`, or as soon as that can be. */
  by(time: number): void {
    if (time >= this.wakeAt) return;
    this.wakeAt = time;
    if (this.resume) this.arm(this.resume);
  }

  /** Sleeps until `to`, or until what was asked with {@link by}; what was asked before this sleep, from `from` on. */
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
