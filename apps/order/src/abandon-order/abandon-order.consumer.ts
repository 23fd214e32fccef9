import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { abandonOrder, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { OrderTimer } from '../timers/order-timer.js';
import { AbandonOrderService } from './abandon-order.service.js';

/**
 * The abandon timer of every order. When the timer and a confirm come at the same moment, one of them changes the order's row,
 * and the other one finds the row changed and does nothing.
 */
@Controller()
export class AbandonOrderConsumer {
  constructor(
    private readonly timer: OrderTimer,
    private readonly abandonOrder: AbandonOrderService,
  ) {}

  @EventPattern(abandonOrder.topic, ROCKETMQ_TRANSPORT, { group: 'order-abandon-order' })
  async timeIsUp(@Payload() payload: unknown): Promise<void> {
    const { orderId } = readMessage(abandonOrder, payload);
    const order = await this.timer.read(orderId);
    if (order?.status !== 'PENDING') return;
    if (order.abandonInMs > 0) await this.timer.setAgain(abandonOrder.topic, orderId, order.abandonInMs);
    else await this.abandonOrder.abandon(orderId, 'timer');
  }
}
