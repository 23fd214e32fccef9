import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { OutboxRelay } from '@rocketshop/outbox';
import { Database, LOGGER, Metrics, namedStatement, RepeatingTask, type Logger } from '@rocketshop/service-defaults';
import { AbandonOrderService } from '../abandon-order/abandon-order.service.js';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';
import { CloseUnpaidService } from '../close-unpaid/close-unpaid.service.js';
import * as statements from '../database/statements.js';
import type { OrderRow } from '../database/statements.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';

const ORDERS_PER_SWEEP_MAX = 100;

/**
 * The net under both timers and under the cancel message: a message may be lost for good (DLQ, retention), a row is not.
 * Timers get one interval's grace, so that the record says "sweeper" only where a timer really failed.
 */
@Injectable()
export class OrdersSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly swept;
  private readonly rounds: RepeatingTask;

  constructor(
    private readonly database: Database,
    private readonly abandonOrder: AbandonOrderService,
    private readonly closeUnpaid: CloseUnpaidService,
    private readonly cancelOrder: CancelOrderService,
    private readonly outbox: OutboxRelay,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.swept = metrics.counter({
      name: 'order_swept_total',
      help: 'Orders that a sweeper had to help, by what had failed them',
      labelNames: ['why'],
    });
    this.rounds = new RepeatingTask(
      config.sweepIntervalMs,
      () => this.sweep(),
      (error) => logger.error({ err: error }, 'a sweep failed; the next one tries again'),
    );
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
  }

  /** One round over all three nets. An order that cannot be helped now does not keep the others waiting. */
  async sweep(): Promise<void> {
    const graceMs = this.config.sweepIntervalMs;
    await this.each('abandoned', statements.selectAbandoned, graceMs, (id) => this.abandonOrder.abandon(id, 'sweeper'));
    await this.each('unpaid', statements.selectUnpaid, graceMs, (id) => this.closeUnpaid.close(id, 'sweeper'));
    await this.publishOverdueCancels();
  }

  private async each(
    why: string,
    statement: { name: string; text: string },
    graceMs: number,
    help: (orderId: string) => Promise<void>,
  ): Promise<void> {
    const { rows } = await this.database.query<{ order_id: string }>(statement, [graceMs, ORDERS_PER_SWEEP_MAX]);
    for (const { order_id: orderId } of rows) {
      try {
        await help(orderId);
        this.swept.inc({ why });
      } catch (error) {
        this.logger.warn({ err: error, orderId, why }, 'the sweeper could not help this order yet');
      }
    }
  }

  private async publishOverdueCancels(): Promise<void> {
    const overdue = await this.database.inTransaction(async (client, scope) => {
      const { rows } = await namedStatement<OrderRow>(client, statements.claimOverdueCancels, [
        this.config.answerOverdueMs,
        ORDERS_PER_SWEEP_MAX,
      ]);
      for (const order of rows) await this.cancelOrder.publish(client, order);
      if (rows.length > 0) scope.afterCommit(() => this.outbox.wake());
      return rows;
    });
    for (const order of overdue) {
      this.swept.inc({ why: 'unanswered' });
      this.logger.warn({ orderId: order.order_id }, 'not all four have answered; order-cancelled is published again');
    }
  }
}
