import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { paymentSucceeded, readMessage, type PayloadOf } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { bindLine, boundStatement, Database, LOGGER, namedStatement, type Logger } from '@rocketshop/service-defaults';
import type { PoolClient } from 'pg';
import * as statements from '../database/statements.js';
import type { OrderRow } from '../database/statements.js';

type Payment = PayloadOf<typeof paymentSucceeded>;

/** Thrown when the payment overtook the confirmation: delivered again, it finds the order CONFIRMED. */
export class PaymentBeforeConfirmError extends Error {
  override readonly name = 'PaymentBeforeConfirmError';
  readonly code = 'PAYMENT_BEFORE_CONFIRM';
  readonly retriable = true;
}

/** Thrown when what was paid is not what the order asked for. Never recorded as paid; ends in the DLQ for people to see. */
export class PaymentMismatchError extends Error {
  override readonly name = 'PaymentMismatchError';
  readonly code = 'PAYMENT_MISMATCH';
  readonly retriable = false;
}

/** CONFIRMED -> PAID. The order's row says whether a payment was counted before, so no other claim is needed. */
@Controller()
export class PaymentSucceededConsumer {
  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(paymentSucceeded.topic, ROCKETMQ_TRANSPORT, { group: 'order-record-payment' })
  async paid(@Payload() payload: unknown): Promise<void> {
    const payment = readMessage(paymentSucceeded, payload);
    const [marked] = await this.database.inSharedRoundTrip([markPaid(payment)]);
    if (marked.rowCount === 1) return;
    const outcome = await this.database.inTransaction((client) => this.record(client, payment));
    const { orderId, paymentId } = payment;
    if (outcome === 'LATE') this.logger.warn({ orderId, paymentId }, 'paid too late; pay refunds it');
  }

  /** Whatever was not usual about it is decided under the order's lock. */
  private async record(client: PoolClient, payment: Payment): Promise<'PAID' | 'KNOWN' | 'LATE'> {
    const { orderId, paymentId } = payment;
    const { rows } = await namedStatement<OrderRow>(client, statements.lockOrder, [orderId]);
    const [order] = rows;
    if (!order) throw new DiscardMessageError(`order ${orderId} is not known here`);
    if (order.status === 'PENDING') throw new PaymentBeforeConfirmError(`order ${orderId} is not confirmed yet`);
    if (order.payment_id === paymentId || order.late_payment_id === paymentId) return 'KNOWN';
    if (order.status !== 'CONFIRMED') {
      await namedStatement(client, statements.recordLatePayment, [orderId, paymentId]);
      return 'LATE';
    }
    const { rowCount } = await boundStatement(client, markPaid(payment));
    if (rowCount === 1) return 'PAID';
    throw new PaymentMismatchError(
      `order ${orderId} asks for ${order.payable} ${order.currency}, ${payment.amount} ${payment.currency} was paid`,
    );
  }
}

const markPaid = ({ orderId, paymentId, amount, currency }: Payment) =>
  bindLine(statements.markPaid, [orderId, paymentId, BigInt(amount), currency]);
