import { Inject, Injectable } from '@nestjs/common';
import { bind } from '@rocketshop/pg';
import { Database, LOGGER, Metrics } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { COUNT_CHARGES_NOT_FINAL, COUNT_OPEN_REFUNDS } from './database/charge-statements.js';

interface Waiting {
  readonly count: number;
  readonly oldestSeconds: number;
}

const STATUSES = ['CREATED', 'PAYING', 'CLOSED'] as const;

/** What waits for the provider, counted when somebody asks for the metrics. A database that does not answer gives no numbers. */
@Injectable()
export class PayMetrics {
  constructor(
    private readonly database: Database,
    metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const charges = metrics.gauge({
      name: 'pay_charges_not_final',
      help: 'Payments by status whose charge at the provider can still change. CLOSED ones wait to be made void',
      labelNames: ['status'],
      collect: () => this.count(() => this.countCharges(({ status, count }) => charges.set({ status }, count))),
    });
    const oldest = metrics.gauge({
      name: 'pay_charge_not_final_oldest_seconds',
      help: 'Age of the oldest charge that is not final: since the close, or since the payment was opened',
      labelNames: ['status'],
      collect: () =>
        this.count(() => this.countCharges(({ status, oldestSeconds }) => oldest.set({ status }, oldestSeconds))),
    });
    const refunds = metrics.gauge({
      name: 'pay_refunds_open',
      help: 'Refunds that the provider has not confirmed yet',
      collect: () => this.count(() => this.countRefunds(({ count }) => refunds.set(count))),
    });
    const oldestRefund = metrics.gauge({
      name: 'pay_refund_open_oldest_seconds',
      help: 'Age of the oldest refund that the provider has not confirmed yet',
      collect: () => this.count(() => this.countRefunds(({ oldestSeconds }) => oldestRefund.set(oldestSeconds))),
    });
  }

  private async count(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => this.logger.warn({ err: error }, 'what waits could not be counted'));
  }

  private async countCharges(set: (row: Waiting & { readonly status: string }) => void): Promise<void> {
    const { rows } = await this.database.query(bind<Waiting & { status: string }>(COUNT_CHARGES_NOT_FINAL, []));
    for (const status of STATUSES) {
      set({ count: 0, oldestSeconds: 0, ...rows.find((row) => row.status === status), status });
    }
  }

  private async countRefunds(set: (row: Waiting) => void): Promise<void> {
    const { rows } = await this.database.query(bind<Waiting & Record<string, unknown>>(COUNT_OPEN_REFUNDS, []));
    set(rows[0] ?? { count: 0, oldestSeconds: 0 });
  }
}
