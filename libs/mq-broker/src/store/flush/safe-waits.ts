interface Wait {
  readonly endOffset: number;
  readonly resolve: (isSafe: boolean) => void;
}

/** Callers that wait until the log is safe up to a position. It is for rare requests: each costs a promise. */
export class SafeWaits {
  private waits: Wait[] = [];

  /** @returns true when the log is safe up to `endOffset`, false when the store could not keep it */
  until(endOffset: number): Promise<boolean> {
    return new Promise((resolve) => this.waits.push({ endOffset, resolve }));
  }

  settle(safeOffset: number): void {
    this.end(true, ({ endOffset }) => endOffset <= safeOffset);
  }

  /** What lies behind `offset` is not stored. */
  withdraw(offset: number): void {
    this.end(false, ({ endOffset }) => endOffset > offset);
  }

  private end(isSafe: boolean, isOver: (wait: Wait) => boolean): void {
    if (this.waits.length === 0) return;
    const over = this.waits.filter(isOver);
    this.waits = this.waits.filter((wait) => !isOver(wait));
    for (const { resolve } of over) resolve(isSafe);
  }
}
