/** Runs a task again and again, `intervalMs` after the end of the last round: rounds never overlap, a failed one is only told. */
export class RepeatingTask {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;

  constructor(
    private readonly intervalMs: number,
    private readonly task: () => Promise<void>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** The first round begins after one interval. */
  start(): void {
    this.timer = setTimeout(() => {
      this.round = this.task()
        .catch(this.onFailure)
        .finally(() => {
          if (this.timer) this.start();
        });
    }, this.intervalMs);
  }

  /** No new round; resolves when the one that is running has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.round;
  }
}
