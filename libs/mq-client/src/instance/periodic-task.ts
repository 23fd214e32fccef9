/**
 * An action that repeats and never overlaps itself. A run asked for during a run is done once, right after it, so that
 * a request always sees the state of after the request.
 *
 * idle -> (timer | runNow) -> running -> (asked again) -> running -> idle; stop() ends after the present run.
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

  /** Never rejects; resolves after a run that began after this call, or at once when stopped. */
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
