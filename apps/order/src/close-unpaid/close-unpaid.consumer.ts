import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { closeUnpaidOrder, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { CancelUnpaidOrderService } from '../cancel-order/cancel-unpaid-order.service.js';
import { OrderTimer } from '../timers/order-timer.js';

/** The close timer. When pay does not answer, the handler throws, and the message is delivered again. */
@Controller()
export class CloseUnpaidConsumer {
  constructor(
    private readonly timer: OrderTimer,
    private readonly cancelUnpaid: CancelUnpaidOrderService,
  ) {}

  @EventPattern(closeUnpaidOrder.topic, ROCKETMQ_TRANSPORT, { group: 'order-close-unpaid' })
  async timeIsUp(@Payload() payload: unknown): Promise<void> {
    const { orderId } = readMessage(closeUnpaidOrder, payload);
    const order = await this.timer.read(orderId);
    if (order?.status !== 'CONFIRMED' || order.closeInMs === null) return;
    if (order.closeInMs > 0) await this.timer.setAgain(closeUnpaidOrder.topic, orderId, order.closeInMs);
    else await this.cancelUnpaid.cancel(orderId, 'timer');
  }
}
