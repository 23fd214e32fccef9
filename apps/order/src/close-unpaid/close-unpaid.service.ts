import { Injectable } from '@nestjs/common';
import { CancelUnpaidOrderService } from '../cancel-order/cancel-unpaid-order.service.js';

/** Cancels an order that nobody has paid, for the timer and for the sweeper. */
@Injectable()
export class CloseUnpaidService {
  constructor(private readonly cancelUnpaid: CancelUnpaidOrderService) {}

  /** @throws when pay did not answer: the order stays CONFIRMED and is tried again */
  async close(orderId: string, by: 'timer' | 'sweeper'): Promise<void> {
    await this.cancelUnpaid.cancel({ orderId, reason: 'UNPAID', detail: 'The order was not paid in time.', by });
  }
}
