import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCompensated, PARTICIPANTS, readMessage } from '@rocketshop/contracts';
import type { PayloadOf } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { bindLine } from '@rocketshop/pg';
import { Database, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { OrderEntity } from '../database/entities/order.entity.js';
import { FINISH_CANCEL, INSERT_COMPENSATION, IS_ANSWER_COUNTED, LOCK_ANSWERED_ORDER } from '../database/statements.js';
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
    const { orderId, participant, outcome, compensatedAt } = answer;
    assertTransition('CANCELLING', 'CANCELLED');
    // The lock comes first. When two answers come at once, the later one waits here, and then counts the earlier one too.
    const [locked, , finished] = await this.database.batch([
      bindLine<Pick<OrderEntity, 'status'>>(LOCK_ANSWERED_ORDER, [orderId]),
      bindLine(INSERT_COMPENSATION, [orderId, participant, outcome, compensatedAt, 'CANCELLING']),
      bindLine(FINISH_CANCEL, [orderId, 'CANCELLING', PARTICIPANTS.length]),
    ]);
    const [order] = locked.rows;
    if (!order) throw new DiscardMessageError(`order ${orderId} is not known here`);
    if (order.status !== 'CANCELLING' && order.status !== 'CANCELLED') {
      throw new DiscardMessageError(`${participant} undid order ${orderId}, which is ${order.status}`);
    }
    if (finished.rows.length === 0) return;
    this.metrics.count('CANCELLED');
    this.logger.info({ orderId }, 'the order is cancelled: all four have answered');
  }

  /**
   * After an outage most answers are repeated ones. Without this look each of them would wait for the order's row and commit, and the
   * answers that are missing would wait behind them.
   */
  private async isCounted({ orderId, participant }: PayloadOf<typeof orderCompensated>): Promise<boolean> {
    const [row] = await this.database.read<{ isCounted: boolean }>(IS_ANSWER_COUNTED, [[orderId], [participant]]);
    return row?.isCounted === true;
  }
}
