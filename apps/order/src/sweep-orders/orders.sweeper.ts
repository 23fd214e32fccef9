import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { OutboxRelay } from '@rocketshop/outbox';
import { bind, run } from '@rocketshop/pg';
import type { Statement } from '@rocketshop/pg';
import { Database, LOGGER, Metrics, RepeatingTask } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { AbandonOrderService } from '../abandon-order/abandon-order.service.js';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';
import { CancelUnpaidOrderService } from '../cancel-order/cancel-unpaid-order.service.js';
import type { OrderEntity } from '../database/entities/order.entity.js';
import {
  CLAIM_ABANDONED,
  CLAIM_CANCEL_REQUESTS,
  CLAIM_UNANSWERED_CANCELS,
  CLAIM_UNPAID,
} from '../database/statements.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';

/** Orders that one statement claims. */
const BATCH_MAX = 100;
/** Ends a round that finds ever new orders. The next round goes on. */
const BATCHES_PER_ROUND_MAX = 50;
/** So many orders at once: each may wait for pay, and needs a connection of the pool, which has others to serve. */
const AT_ONCE_MAX = 4;

/** Handles a batch of claimed orders. */
type Sweep = () => Promise<readonly OrderEntity[]>;

/**
 * Finds the orders whose timer or message was lost for good (DLQ, retention): a message may be lost, a row is not. Each kind of order
 * has rounds of its own, so that a kind that waits for another service does not hold up the others. The sweeper leaves an overdue order
 * to its timer for one interval, so that `cancelledBy` is `sweeper` only when the timer failed.
 */
@Injectable()
export class OrdersSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly swept;
  private readonly sweeps: readonly { readonly everyMs: number; readonly sweep: Sweep }[];
  private readonly rounds: readonly RepeatingTask[];

  constructor(
    private readonly database: Database,
    private readonly abandonOrder: AbandonOrderService,
    private readonly cancelUnpaid: CancelUnpaidOrderService,
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
    const { sweepIntervalMs, cancelRetryMs } = config;
    this.sweeps = [
      {
        everyMs: sweepIntervalMs,
        sweep: () =>
          this.each('abandoned', CLAIM_ABANDONED, sweepIntervalMs, ({ orderId }) =>
            this.abandonOrder.abandon(orderId, 'sweeper'),
          ),
      },
      {
        everyMs: sweepIntervalMs,
        sweep: () =>
          this.each('unpaid', CLAIM_UNPAID, sweepIntervalMs, ({ orderId }) =>
            this.cancelUnpaid.cancel(orderId, 'sweeper'),
          ),
      },
      {
        everyMs: cancelRetryMs,
        sweep: () =>
          this.each('cancel-requested', CLAIM_CANCEL_REQUESTS, cancelRetryMs, (order) =>
            this.cancelUnpaid.decide(order),
          ),
      },
      { everyMs: sweepIntervalMs, sweep: () => this.publishUnansweredCancels() },
    ];
    this.rounds = this.sweeps.map(
      ({ everyMs, sweep }) =>
        new RepeatingTask(
          everyMs,
          () => this.round(sweep),
          (error) => logger.error({ err: error }, 'a sweep failed; the next one tries again'),
        ),
    );
  }

  onApplicationBootstrap(): void {
    for (const round of this.rounds) round.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.rounds.map((round) => round.stop()));
  }

  private get isStopping(): boolean {
    return this.rounds.some((round) => round.isStopping);
  }

  /** One round over all kinds of overdue orders. An order that fails does not stop the round. */
  async sweep(): Promise<void> {
    for (const { sweep } of this.sweeps) await this.round(sweep);
  }

  /** Sweeps until nothing is due. A claimed order is not due again for a while, so no round sees an order twice. */
  private async round(sweep: Sweep): Promise<void> {
    for (let batch = 0; batch < BATCHES_PER_ROUND_MAX && !this.isStopping; batch++) {
      if ((await sweep()).length < BATCH_MAX) return;
    }
  }

  private async each(
    why: string,
    claim: Statement,
    waitMs: number,
    handle: (order: OrderEntity) => Promise<void>,
  ): Promise<readonly OrderEntity[]> {
    const { rows } = await this.database.query(bind<OrderEntity>(claim, [waitMs, BATCH_MAX]));
    const left = [...rows];
    const worker = async (): Promise<void> => {
      for (let order = left.shift(); order && !this.isStopping; order = left.shift()) {
        await this.handle(why, order, handle);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE_MAX }, worker));
    return rows;
  }

  private async handle(why: string, order: OrderEntity, handle: (order: OrderEntity) => Promise<void>): Promise<void> {
    const { orderId, attempts } = order;
    try {
      await handle(order);
      this.swept.inc({ why });
    } catch (error) {
      this.logger.warn(
        { err: error, orderId, why, attempts },
        'the sweeper could not process this order; it tries again, later each time',
      );
    }
  }

  private async publishUnansweredCancels(): Promise<readonly OrderEntity[]> {
    const unanswered = await this.database.transaction(async (client, scope) => {
      const values = [this.config.answerOverdueMs, BATCH_MAX];
      const { rows } = await run(client, bind<OrderEntity>(CLAIM_UNANSWERED_CANCELS, values));
      if (rows.length === 0) return rows;
      await this.cancelOrder.publish(client, rows);
      scope.afterCommit(() => this.relay.wake());
      return rows;
    });
    for (const { orderId, attempts } of unanswered) {
      this.swept.inc({ why: 'unanswered' });
      this.logger.warn(
        { orderId, attempts },
        'not all four participants have answered; order-cancelled is published again',
      );
    }
    return unanswered;
  }
}
