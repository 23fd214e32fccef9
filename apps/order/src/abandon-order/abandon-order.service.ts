import { Injectable } from '@nestjs/common';
import { CancelOrderService } from '../cancel-order/cancel-order.service.js';

/** Cancels a pre-order whose flow did not end: the process died, or the flow took longer than any flow may. */
@Injectable()
export class AbandonOrderService {
  constructor(private readonly cancelOrder: CancelOrderService) {}

  async abandon(orderId: string, by: 'timer' | 'sweeper'): Promise<void> {
    const detail = 'The order was not completed in time; everything taken is given back.';
    await this.cancelOrder.cancel({ orderId, from: 'PENDING', reason: 'FLOW_LOST', detail, by });
  }
}
