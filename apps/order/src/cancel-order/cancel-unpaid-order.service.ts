import { Inject, Injectable } from '@nestjs/common';
import { closePayment } from '@rocketshop/contracts';
import { deadlineIn } from '@rocketshop/pg';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { PayRpc } from '../remote-services.js';
import { CancelOrderService } from './cancel-order.service.js';
import type { CancelRequest } from './cancel-order.service.js';

export type CancelUnpaidOutcome = 'CANCELLING' | 'ALREADY_PAID' | 'NOT_CONFIRMED';

/** Cancels a CONFIRMED order. pay is asked first, and the order is cancelled only after pay has answered CLOSED. */
@Injectable()
export class CancelUnpaidOrderService {
  constructor(
    private readonly pay: PayRpc,
    private readonly cancelOrder: CancelOrderService,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  /** @throws when pay did not answer, or the order's row stayed locked. Nothing was cancelled, and the caller may try again */
  async cancel(request: Omit<CancelRequest, 'from' | 'deadline'>): Promise<CancelUnpaidOutcome> {
    const { orderId } = request;
    const { outcome } = await this.pay.call(closePayment, { orderId }, { timeoutMs: this.config.rpcTimeoutMs });
    if (outcome === 'ALREADY_PAID') return 'ALREADY_PAID';
    const deadline = deadlineIn(this.config.rpcTimeoutMs);
    const cancelled = await this.cancelOrder.cancel({ ...request, from: 'CONFIRMED', deadline });
    return cancelled ? 'CANCELLING' : 'NOT_CONFIRMED';
  }
}
