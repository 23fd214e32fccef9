import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { abandonOrder, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { OrderTimer } from '../timers/order-timer.js';
import { AbandonOrderService } from './abandon-order.service.js';

/** The abandon timer under every flow. Of it and a confirm at the same moment one changes the row, the other sees that. */
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
    if (order.abandon_in_ms > 0) await this.timer.setAgain(abandonOrder.topic, orderId, order.abandon_in_ms);
    else await this.abandonOrder.abandon(orderId, 'timer');
  }
}
