/** Lets a loop sleep until something happens or time is up. What happens while the loop is awake is remembered. */
export class WakeUp {
  private pending = false;
  private resume: (() => void) | undefined;

  wake(): void {
    this.pending = true;
    this.resume?.();
  }

  async sleep(limitMs: number): Promise<void> {
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.resume = undefined;
    }
    this.pending = false;
  }
}
