import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCancelled, orderCompensated, readMessage, type PayloadOf } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import {
  Database,
  LOGGER,
  namedStatement,
  traceHeaders,
  type Logger,
  type TransactionClient,
} from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { PaymentRow } from '../database/statements.js';
import { requestRefund } from '../refund/refunds.js';
import { ClosePaymentService, type CloseOutcome } from './close-payment.service.js';

/** pay's part of undoing an order: nobody may pay it any more. A duplicate changes nothing and answers again. */
@Controller()
export class OrderCancelledConsumer {
  constructor(
    private readonly database: Database,
    private readonly closePayments: ClosePaymentService,
    private readonly relay: OutboxRelay,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(orderCancelled.topic, ROCKETMQ_TRANSPORT, { group: 'pay-close-payment' })
  async orderCancelled(@Payload() payload: unknown): Promise<void> {
    const { orderId } = readMessage(orderCancelled, payload);
    await this.database.inTransaction(async (client, scope) => {
      const outcome = await this.closePayments.closeIn(client, orderId);
      if (outcome === 'ALREADY_PAID') await this.giveBack(client, orderId);
      await this.answer(client, orderId, outcome);
      scope.afterCommit(() => this.relay.wake());
    });
  }

  /**
   * An order is cancelled after pay said CLOSED, so this does not happen; if it ever did (a restored backup, a hand in the
   * database), the buyer's money must not stay.
   */
  private async giveBack(client: TransactionClient, orderId: string): Promise<void> {
    this.logger.error({ orderId }, 'a paid order was cancelled; its payment is refunded');
    const { rows } = await namedStatement<PaymentRow>(client, statements.selectLivePayment, [orderId]);
    for (const payment of rows) {
      if (payment.status !== 'PAID' || payment.provider_txn_id === null) continue;
      const { provider_txn_id: providerTxnId, amount, currency } = payment;
      await requestRefund(client, payment, { providerTxnId, amount, currency, reason: 'LATE' });
    }
  }

  private async answer(client: TransactionClient, orderId: string, outcome: CloseOutcome): Promise<void> {
    const payload: PayloadOf<typeof orderCompensated> = {
      version: 1,
      orderId,
      participant: 'pay',
      outcome: outcome === 'FENCED' ? 'FENCED' : 'RESTORED',
      compensatedAt: new Date().toISOString(),
    };
    await writeOutbox(client, [{ topic: orderCompensated.topic, key: orderId, payload, headers: traceHeaders() }]);
  }
}
