import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { OutboxRelay } from '@rocketshop/outbox';
import { bind, run } from '@rocketshop/pg';
import type { Statement } from '@rocketshop/pg';
import { Database, LOGGER, Metrics, RepeatingTask } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { AbandonOrderService } from '../abandon-order/abandon-order.service.js';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';
import { CloseUnpaidService } from '../close-unpaid/close-unpaid.service.js';
import type { OrderEntity } from '../database/entities/order.entity.js';
import { CLAIM_OVERDUE_CANCELS, SELECT_ABANDONED, SELECT_UNPAID } from '../database/statements.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';

const ORDERS_PER_SWEEP_MAX = 100;

/**
 * Finds the orders whose timer or cancel message was lost for good (DLQ, retention): a message may be lost, a row is not. The
 * sweeper leaves an overdue order to its timer for one interval, so that `cancelledBy` is `sweeper` only when the timer failed.
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
    private readonly relay: OutboxRelay,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.swept = metrics.counter({
      name: 'order_swept_total',
      help: 'Overdue orders that the sweeper has processed, by what was overdue',
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

  /** One round over abandoned, unpaid and unanswered orders. An order that fails does not stop the round. */
  async sweep(): Promise<void> {
    const graceMs = this.config.sweepIntervalMs;
    await this.each('abandoned', SELECT_ABANDONED, graceMs, (id) => this.abandonOrder.abandon(id, 'sweeper'));
    await this.each('unpaid', SELECT_UNPAID, graceMs, (id) => this.closeUnpaid.close(id, 'sweeper'));
    await this.publishOverdueCancels();
  }

  private async each(
    why: string,
    statement: Statement,
    graceMs: number,
    handle: (orderId: string) => Promise<void>,
  ): Promise<void> {
    const select = bind<{ orderId: string }>(statement, [graceMs, ORDERS_PER_SWEEP_MAX]);
    const { rows } = await this.database.query(select);
    for (const { orderId } of rows) {
      try {
        await handle(orderId);
        this.swept.inc({ why });
      } catch (error) {
        this.logger.warn(
          { err: error, orderId, why },
          'the sweeper could not process this order; the next round tries again',
        );
      }
    }
  }

  private async publishOverdueCancels(): Promise<void> {
    const overdue = await this.database.transaction(async (client, scope) => {
      const values = [this.config.answerOverdueMs, ORDERS_PER_SWEEP_MAX];
      const { rows } = await run(client, bind<OrderEntity>(CLAIM_OVERDUE_CANCELS, values));
      for (const order of rows) await this.cancelOrder.publish(client, order);
      if (rows.length > 0) scope.afterCommit(() => this.relay.wake());
      return rows;
    });
    for (const { orderId } of overdue) {
      this.swept.inc({ why: 'unanswered' });
      this.logger.warn({ orderId }, 'not all four participants have answered; order-cancelled is published again');
    }
  }
}
