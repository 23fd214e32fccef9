import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { answerToCancel, orderCancelled, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { bindLine, run } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import { Database, LOGGER, traceHeaders } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { READ_LIVE_PAYMENT, insertRefund } from '../database/statements.js';
import type { LivePayment } from '../database/statements.js';
import type { PaymentEntity } from '../database/entities/payment.entity.js';
import { ClosePaymentService } from './close-payment.service.js';

/** Closes the payments of a cancelled order. A message that is delivered again changes nothing and is answered again. */
@Controller()
export class ClosePaymentConsumer {
  constructor(
    private readonly database: Database,
    private readonly service: ClosePaymentService,
    private readonly relay: OutboxRelay,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(orderCancelled.topic, ROCKETMQ_TRANSPORT, { group: 'pay-close-payment' })
  async close(@Payload() payload: unknown): Promise<void> {
    const { orderId } = readMessage(orderCancelled, payload);
    await this.database.transaction(async (client, scope) => {
      const outcome = await this.service.closeIn(client, orderId);
      if (outcome === 'ALREADY_PAID') await this.refundPaid(client, orderId);
      const answer = answerToCancel('pay', orderId, outcome === 'FENCED' ? 'FENCED' : 'RESTORED');
      await writeOutbox(client, [{ ...answer, headers: traceHeaders() }]);
      scope.afterCommit(() => this.relay.wake());
    });
  }

  /**
   * An order is cancelled only after pay has answered CLOSED, so a paid order is not cancelled. After a restored backup, or a
   * change by hand, a paid order may be cancelled all the same. Then the buyer gets the money back.
   */
  private async refundPaid(client: PgClient, orderId: string): Promise<void> {
    this.logger.error({ orderId }, 'a paid order was cancelled; its payment is refunded');
    const { rows } = await run(client, bindLine<LivePayment>(READ_LIVE_PAYMENT, [orderId]));
    const [live] = rows;
    if (live?.status !== 'PAID' || live.providerTxnId === null) return;
    const { paymentId, amount, currency } = live as PaymentEntity;
    const { providerTxnId } = live;
    await run(client, insertRefund({ paymentId, orderId, providerTxnId, amount, currency, reason: 'LATE' }));
  }
}
