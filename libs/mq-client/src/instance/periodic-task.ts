/**
 * A task that repeats and never overlaps itself. When runNow() is called during a run, one more run follows right after
 * it, so that the caller's changes are seen by a run that began after the call.
 *
 * idle -> (timer or runNow) -> running -> (runNow during the run) -> running -> idle; stop() waits for the present run.
 */
export class PeriodicTask {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly intervalMs: number,
    private readonly run: () => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(firstDelayMs = this.intervalMs): void {
    this.schedule(firstDelayMs);
  }

  /** Resolves after a run that began after this call; resolves at once when the task is stopped. It never rejects. */
  runNow(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    if (this.running === undefined) return this.begin();
    this.again ??= this.running.then(() => (this.stopped ? undefined : this.begin()));
    return this.again;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => void this.runNow(), delayMs);
  }

  private begin(): Promise<void> {
    clearTimeout(this.timer);
    this.again = undefined;
    this.running = this.run()
      .catch(this.onError)
      .then(() => {
        this.running = undefined;
        this.schedule(this.intervalMs);
      });
    return this.running;
  }
}
