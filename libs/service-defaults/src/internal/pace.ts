export interface PaceOptions {
  /** Turns that are given at once in each interval. */
  readonly perInterval: number;
  readonly intervalMs: number;
  /** Callers that may wait for the next interval. */
  readonly waitingMax: number;
}

/**
 * Gives out a bounded number of turns an interval. Who asks for more waits for the next interval, so a program that asks in a
 * loop is slowed down and costs almost nothing, and a program that asks now and then waits for nobody.
 */
export class Pace {
  private given = 0;
  private readonly waiting: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: PaceOptions) {}

  /** @returns false when too many wait already */
  async turn(): Promise<boolean> {
    this.timer ??= setTimeout(() => this.nextInterval(), this.options.intervalMs);
    if (this.given < this.options.perInterval) {
      this.given++;
      return true;
    }
    if (this.waiting.length >= this.options.waitingMax) return false;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return true;
  }

  /** Lets everybody go who waits. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const go of this.waiting.splice(0)) go();
  }

  private nextInterval(): void {
    const going = this.waiting.splice(0, this.options.perInterval);
    this.given = going.length;
    this.timer = this.given > 0 ? setTimeout(() => this.nextInterval(), this.options.intervalMs) : undefined;
    for (const go of going) go();
  }
}
