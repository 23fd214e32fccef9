import { Injectable } from '@nestjs/common';
import { Metrics } from '@rocketshop/service-defaults';

@Injectable()
export class RestoreStockMetrics {
  private readonly conflicts;

  constructor(metrics: Metrics) {
    this.conflicts = metrics.counter({
      name: 'stock_swap_conflicts_total',
      help: 'Give-backs that found the version of their goods row changed and tried again',
    });
  }

  swapConflicted(): void {
    this.conflicts.inc();
  }

  /** How many conflicts there were since the process started. */
  async swapConflicts(): Promise<number> {
    const { values } = await this.conflicts.get();
    return values[0]?.value ?? 0;
  }
}
