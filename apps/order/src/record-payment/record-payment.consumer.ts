import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { paymentSucceeded, readMessage } from '@rocketshop/contracts';
import type { PayloadOf } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { bind, bindLine, retryWhenRefused } from '@rocketshop/pg';
import { Database, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { READ_PAYABLE, RECORD_LATE_PAYMENT, RECORD_PAYMENT } from '../database/statements.js';
import type { PayableOrder } from '../database/statements.js';
import { assertTransition } from '../domain/order-status.js';

type Payment = PayloadOf<typeof paymentSucceeded>;

/** Thrown when a payment arrives before the order is confirmed. The next delivery of the message finds the order CONFIRMED. */
export class PaymentBeforeConfirmError extends Error {
  override readonly name = 'PaymentBeforeConfirmError';
  readonly code = 'PAYMENT_BEFORE_CONFIRM';
  readonly retriable = true;
}

/** Thrown when amount or currency are not the order's. The order is not PAID, and the message ends in the DLQ for people to see. */
export class PaymentMismatchError extends Error {
  override readonly name = 'PaymentMismatchError';
  readonly code = 'PAYMENT_MISMATCH';
  readonly retriable = false;
}

/** CONFIRMED -> PAID. The order's row tells whether a payment was counted before, so no other claim is needed. */
@Controller()
export class RecordPaymentConsumer {
  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(paymentSucceeded.topic, ROCKETMQ_TRANSPORT, { group: 'order-record-payment' })
  async record(@Payload() payload: unknown): Promise<void> {
    const payment = readMessage(paymentSucceeded, payload);
    const { orderId, paymentId } = payment;
    const outcome = await retryWhenRefused((attempt) => this.recordOrRefuse(payment, attempt));
    if (outcome === 'LATE') this.logger.warn({ orderId, paymentId }, 'the payment came too late; pay refunds it');
  }

  /**
   * The first attempt assumes that the order waits for this payment, as nearly every order does. That saves a read. The statement
   * checks the assumption, and refuses when anything differs.
   */
  private async recordOrRefuse(payment: Payment, attempt: number): Promise<PaymentOutcome> {
    const { orderId, paymentId, amount, currency } = payment;
    const outcome = attempt === 1 ? 'PAID' : await this.decide(payment);
    if (outcome === 'LATE') await this.database.query(bind(RECORD_LATE_PAYMENT, [orderId, paymentId]));
    if (outcome === 'PAID') {
      assertTransition('CONFIRMED', 'PAID');
      const values = [orderId, 'CONFIRMED', paymentId, BigInt(amount), currency];
      await this.database.batch([bindLine(RECORD_PAYMENT, values)]);
    }
    return outcome;
  }

  private async decide(payment: Payment): Promise<PaymentOutcome> {
    const [order] = await this.database.read<PayableOrder>(READ_PAYABLE, [[payment.orderId]]);
    return decideOnPayment(order, payment);
  }
}

/** LATE: the order takes no payment any more, and pay refunds it. */
type PaymentOutcome = 'PAID' | 'KNOWN' | 'LATE';

function decideOnPayment(order: PayableOrder | undefined, payment: Payment): PaymentOutcome {
  const { orderId, paymentId, amount, currency } = payment;
  if (!order) throw new DiscardMessageError(`order ${orderId} is not known here`);
  if (order.status === 'PENDING') throw new PaymentBeforeConfirmError(`order ${orderId} is not confirmed yet`);
  if (order.paymentId === paymentId || order.latePaymentId === paymentId) return 'KNOWN';
  if (order.status !== 'CONFIRMED') return 'LATE';
  if (order.payable === BigInt(amount) && order.currency === currency) return 'PAID';
  throw new PaymentMismatchError(
    `order ${orderId} asks for ${order.payable} ${order.currency}, ${amount} ${currency} was paid`,
  );
}
