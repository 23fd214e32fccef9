import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCompensated, PARTICIPANTS, readMessage } from '@rocketshop/contracts';
import type { PayloadOf } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { bind, run } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import { Database, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { OrderEntity } from '../database/entities/order.entity.js';
import {
  COUNT_COMPENSATIONS,
  FINISH_CANCEL,
  INSERT_COMPENSATION,
  IS_ANSWER_COUNTED,
  LOCK_ORDER,
} from '../database/statements.js';
import { assertTransition } from '../domain/order-status.js';
import { OrderMetrics } from '../observe-orders/order-metrics.js';

/** Counts the answers to order-cancelled. The fourth one makes the order CANCELLED. */
@Controller()
export class FinishCancelConsumer {
  constructor(
    private readonly database: Database,
    private readonly metrics: OrderMetrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(orderCompensated.topic, ROCKETMQ_TRANSPORT, { group: 'order-participant-answered' })
  async countAnswer(@Payload() payload: unknown): Promise<void> {
    const answer = readMessage(orderCompensated, payload);
    if (await this.isCounted(answer)) return;
    const isFinished = await this.database.transaction((client) => this.count(client, answer));
    if (isFinished) this.metrics.count('CANCELLED');
    if (isFinished) this.logger.info({ orderId: answer.orderId }, 'the order is cancelled: all four have answered');
  }

  /**
   * After an outage most answers are repeated ones. Without this look each of them would wait for the order's row and commit, and the
   * answers that are missing would wait behind them.
   */
  private async isCounted({ orderId, participant }: PayloadOf<typeof orderCompensated>): Promise<boolean> {
    const { rows } = await this.database.query(bind<{ isCounted: boolean }>(IS_ANSWER_COUNTED, [orderId, participant]));
    return rows[0]?.isCounted === true;
  }

  /** @returns whether this answer was the last one */
  private async count(client: PgClient, answer: PayloadOf<typeof orderCompensated>): Promise<boolean> {
    const { orderId, participant, outcome, compensatedAt } = answer;
    // The lock comes first. When two answers come at once, the later one waits here, and then counts the earlier one too.
    const [order] = (await run(client, bind<OrderEntity>(LOCK_ORDER, [orderId]))).rows;
    if (!order) throw new DiscardMessageError(`order ${orderId} is not known here`);
    if (order.status === 'CANCELLED') return false;
    if (order.status !== 'CANCELLING') {
      throw new DiscardMessageError(`${participant} undid order ${orderId}, which is ${order.status}`);
    }
    await run(client, bind(INSERT_COMPENSATION, [orderId, participant, outcome, compensatedAt]));
    const counted = await run(client, bind<{ answered: number }>(COUNT_COMPENSATIONS, [orderId]));
    if (counted.rows[0]?.answered !== PARTICIPANTS.length) return false;
    assertTransition('CANCELLING', 'CANCELLED');
    await run(client, bind(FINISH_CANCEL, [orderId]));
    return true;
  }
}
