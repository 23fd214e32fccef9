import { checkDurations } from '@rocketshop/pg';

/**
 * Runs a task repeatedly, each round `intervalMs` after the end of the last one, so rounds never overlap. A failed
 * round is reported, and the next one follows. Unlike `@nestjs/schedule`, it waits for a running round when it stops.
 */
export class RepeatingTask {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private isStopped = false;

  /** @throws {InvalidLimitsError} */
  constructor(
    private readonly intervalMs: number,
    private readonly task: () => Promise<void>,
    private readonly onFailure: (error: unknown) => void,
  ) {
    checkDurations({ intervalMs });
  }

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

  /** Whether {@link stop} was called. A long round asks it between its steps, since the stop waits for the round. */
  get isStopping(): boolean {
    return this.isStopped;
  }

  /** Begins no new round. Resolves when the running round has ended. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.round;
  }
}
