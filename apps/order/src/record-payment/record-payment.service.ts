import { Inject, Injectable } from '@nestjs/common';
import type { PaidPayment } from '@rocketshop/contracts';
import { OutboxRelay } from '@rocketshop/outbox';
import { bind, bindLine, retryWhenRefused, retryWhenUnknown, run } from '@rocketshop/pg';
import { Database, LOGGER } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';
import type { OrderEntity } from '../database/entities/order.entity.js';
import { READ_PAYABLE, RECORD_LATE_PAYMENT, RECORD_PAYMENT } from '../database/statements.js';
import type { PayableOrder } from '../database/statements.js';
import { assertTransition } from '../domain/order-status.js';
import { OrderMetrics } from '../observe-orders/order-metrics.js';

/** What pay tells of a payment, in payment-succeeded or in its answer to a cancel. */
type Payment = { readonly orderId: string } & Pick<PaidPayment, 'paymentId' | 'amount' | 'currency'>;

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

/** Thrown when a payment is of an order that this database does not have. */
export class PaymentOfUnknownOrderError extends Error {
  override readonly name = 'PaymentOfUnknownOrderError';
  readonly code = 'PAYMENT_OF_UNKNOWN_ORDER';
  readonly retriable = false;
}

/**
 * CONFIRMED -> PAID, whoever brings the news. The order's row tells whether a payment was counted before, so no other claim is
 * needed, and the same payment may be recorded again.
 */
@Injectable()
export class RecordPaymentService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly cancelOrder: CancelOrderService,
    private readonly metrics: OrderMetrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws {PaymentBeforeConfirmError | PaymentMismatchError | PaymentOfUnknownOrderError} */
  async record(payment: Payment): Promise<void> {
    const { orderId, paymentId } = payment;
    const outcome = await retryWhenUnknown(() => retryWhenRefused((attempt) => this.recordOrRefuse(payment, attempt)));
    if (outcome === 'LATE') this.logger.warn({ orderId, paymentId }, 'the payment came too late; pay refunds it');
  }

  /**
   * The first attempt assumes that the order waits for this payment, as nearly every order does. That saves a read. The statement
   * checks the assumption, and refuses when anything differs.
   */
  private async recordOrRefuse(payment: Payment, attempt: number): Promise<PaymentOutcome> {
    const { orderId, paymentId, amount, currency } = payment;
    const outcome = attempt === 1 ? 'PAID' : await this.decide(payment);
    if (outcome === 'LATE') await this.recordLate(payment);
    if (outcome === 'PAID') {
      assertTransition('CONFIRMED', 'PAID');
      const values = [orderId, 'CONFIRMED', paymentId, BigInt(amount), currency];
      await this.database.batch([bindLine(RECORD_PAYMENT, values)]);
      this.metrics.count('PAID');
    }
    return outcome;
  }

  /**
   * Pay has closed the payments of a cancelled order before, and counts no money for it, unless its database was set back since. So pay
   * is told of the cancel once more, and refunds what it has counted. The others have undone their part, and only answer again.
   */
  private async recordLate({ orderId, paymentId }: Payment): Promise<void> {
    await this.database.transaction(async (client, scope) => {
      const [order] = (await run(client, bind<OrderEntity>(RECORD_LATE_PAYMENT, [orderId, paymentId]))).rows;
      // The money of a PAID order came by two payments. Nothing of the order may be undone.
      if (order?.status !== 'CANCELLING' && order?.status !== 'CANCELLED') return;
      await this.cancelOrder.publish(client, [order]);
      scope.afterCommit(() => this.relay.wake());
    });
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
  if (!order) throw new PaymentOfUnknownOrderError(`order ${orderId} is not known here`);
  if (order.status === 'PENDING') throw new PaymentBeforeConfirmError(`order ${orderId} is not confirmed yet`);
  if (order.paymentId === paymentId || order.latePaymentId === paymentId) return 'KNOWN';
  if (order.status !== 'CONFIRMED') return 'LATE';
  if (order.payable === BigInt(amount) && order.currency === currency) return 'PAID';
  throw new PaymentMismatchError(
    `order ${orderId} asks for ${order.payable} ${order.currency}, ${amount} ${currency} was paid`,
  );
}
