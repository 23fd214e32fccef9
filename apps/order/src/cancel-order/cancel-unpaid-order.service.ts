import { Inject, Injectable } from '@nestjs/common';
import { closePayment } from '@rocketshop/contracts';
import { bind, deadlineIn, retryWhenUnknown } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import type { OrderEntity } from '../database/entities/order.entity.js';
import { REQUEST_CANCEL } from '../database/statements.js';
import type { CancelRequestedBy } from '../domain/order-status.js';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { RecordPaymentService } from '../record-payment/record-payment.service.js';
import { PayRpc } from '../remote-services.js';
import { CancelOrderService } from './cancel-order.service.js';

type CancelRequest = Pick<OrderEntity, 'orderId' | 'cancelRequestedBy'>;

const UNPAID = { reason: 'UNPAID', detail: 'The order was not paid in time.' };
const REASONS: Readonly<Record<CancelRequestedBy, { readonly reason: string; readonly detail: string }>> = {
  buyer: { reason: 'BUYER_CANCELLED', detail: 'The buyer cancelled the order.' },
  timer: UNPAID,
  sweeper: UNPAID,
};

/**
 * Cancels a CONFIRMED order, in two steps:
 *   request  the order's row keeps that it is to be cancelled, so a crash or a lost answer of pay forgets nothing
 *   decide   pay is asked. CLOSED: the order is cancelled. ALREADY_PAID: the order is PAID
 * Until a `decide` has ended well, the sweeper begins another one. Each may be repeated, and comes to the same end.
 */
@Injectable()
export class CancelUnpaidOrderService {
  constructor(
    private readonly database: Database,
    private readonly pay: PayRpc,
    private readonly cancelOrder: CancelOrderService,
    private readonly recordPayment: RecordPaymentService,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  /**
   * Does nothing for an order that is not CONFIRMED.
   * @throws when the order is not decided yet, since pay or the database did not answer. The caller reads the order's row, which has
   * the request and the outcome, if there is one
   */
  async cancel(orderId: string, by: CancelRequestedBy): Promise<void> {
    const request = bind<CancelRequest>(REQUEST_CANCEL, [orderId, by]);
    const options = { deadline: this.deadline() };
    const [{ rows }] = await retryWhenUnknown(() => this.database.pipeline([request], options));
    for (const kept of rows) await this.decide(kept);
  }

  /** Asks pay about an order that is to be cancelled, and does what the answer says. @throws as {@link cancel} does */
  async decide({ orderId, cancelRequestedBy }: CancelRequest): Promise<void> {
    const answer = await this.pay.call(closePayment, { orderId }, { timeoutMs: this.config.rpcTimeoutMs });
    if (answer.outcome === 'ALREADY_PAID') {
      await this.recordPayment.record({ orderId, ...answer.payment });
      return;
    }
    const by = cancelRequestedBy ?? 'sweeper';
    await this.cancelOrder.cancel({ orderId, from: 'CONFIRMED', ...REASONS[by], by, deadline: this.deadline() });
  }

  /** Nobody waits longer for the order's row than for the answer of pay. */
  private deadline(): DeadlineInstant {
    return deadlineIn(this.config.rpcTimeoutMs);
  }
}
