/** Lets at most `max` tasks run at once. The others wait for their turn, in the order in which they came. */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly max: number) {}

  /** Whether a task would run at once. */
  get isFree(): boolean {
    return this.running < this.max;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.isFree) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The turn goes to the next task without becoming free, so that no newcomer takes it in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
