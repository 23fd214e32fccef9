import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCompensated, PARTICIPANTS, readMessage, type PayloadOf } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { bind, run, type PgClient } from '@rocketshop/pg';
import { Database, LOGGER, type Logger } from '@rocketshop/service-defaults';
import type { OrderEntity } from '../database/entities/order.entity.js';
import * as statements from '../database/statements.js';
import { assertTransition } from '../domain/order-status.js';

/** Counts the four answers to order-cancelled. */
@Controller()
export class ParticipantAnsweredConsumer {
  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(orderCompensated.topic, ROCKETMQ_TRANSPORT, { group: 'order-participant-answered' })
  async participantAnswered(@Payload() payload: unknown): Promise<void> {
    const answer = readMessage(orderCompensated, payload);
    const isFinished = await this.database.transaction((client) => this.count(client, answer));
    if (isFinished) this.logger.info({ orderId: answer.orderId }, 'the order is cancelled: all four have answered');
  }

  /** @returns whether this answer was the last one */
  private async count(client: PgClient, answer: PayloadOf<typeof orderCompensated>): Promise<boolean> {
    const { orderId, participant, outcome, compensatedAt } = answer;
    // The lock comes first. Of two answers at once the later one waits here, and then counts the earlier one too.
    const [order] = (await run(client, bind<OrderEntity>(statements.lockOrder, [orderId]))).rows;
    if (!order) throw new DiscardMessageError(`order ${orderId} is not known here`);
    if (order.status === 'CANCELLED') return false;
    if (order.status !== 'CANCELLING') {
      throw new DiscardMessageError(`${participant} undid order ${orderId}, which is ${order.status}`);
    }
    await run(client, bind(statements.insertCompensation, [orderId, participant, outcome, compensatedAt]));
    const counted = await run(client, bind<{ answered: number }>(statements.countCompensations, [orderId]));
    if (counted.rows[0]?.answered !== PARTICIPANTS.length) return false;
    assertTransition('CANCELLING', 'CANCELLED');
    await run(client, bind(statements.finishCancel, [orderId]));
    return true;
  }
}
