import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCompensated, PARTICIPANTS, readMessage } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { Database, LOGGER, namedStatement, type Logger } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { OrderRow } from '../database/statements.js';
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
    const { orderId, participant } = answer;
    const finished = await this.database.inTransaction(async (client) => {
      // The lock first: of two answers at once the later one waits here, and then counts the earlier one too.
      const { rows } = await namedStatement<OrderRow>(client, statements.lockOrder, [orderId]);
      const [order] = rows;
      if (!order) throw new DiscardMessageError(`order ${orderId} is not known here`);
      if (order.status === 'CANCELLED') return false;
      if (order.status !== 'CANCELLING') {
        throw new DiscardMessageError(`${participant} undid order ${orderId}, which is ${order.status}`);
      }
      await namedStatement(client, statements.insertCompensation, [
        orderId,
        participant,
        answer.outcome,
        answer.compensatedAt,
      ]);
      const counted = await namedStatement<{ answered: number }>(client, statements.countCompensations, [orderId]);
      if (counted.rows[0]?.answered !== PARTICIPANTS.length) return false;
      assertTransition('CANCELLING', 'CANCELLED');
      await namedStatement(client, statements.finishCancel, [orderId]);
      return true;
    });
    if (finished) this.logger.info({ orderId }, 'the order is cancelled: all four have answered');
  }
}
