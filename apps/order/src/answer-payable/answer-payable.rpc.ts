import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { answerPayable, parseAs } from '@rocketshop/contracts';
import type { AnswerOf } from '@rocketshop/contracts';
import { ReadOrderService } from '../read-order/read-order.service.js';

/** Tells pay how much the buyer of an order has to pay. */
@Controller()
export class AnswerPayableRpc {
  constructor(private readonly service: ReadOrderService) {}

  @MessagePattern(answerPayable.pattern)
  async answer(@Payload() call: unknown): Promise<AnswerOf<typeof answerPayable>> {
    const { orderId, userId } = parseAs(answerPayable.pattern, answerPayable.call, call);
    const order = await this.service.findPayable(orderId, userId);
    if (!order) return { ok: false, code: 'ORDER_NOT_FOUND', detail: 'There is no such order.' };
    if (order.status !== 'CONFIRMED') {
      return { ok: false, code: 'ORDER_NOT_PAYABLE', detail: `The order is ${order.status}.` };
    }
    if (order.cancelRequestedAt !== null) {
      return { ok: false, code: 'ORDER_BEING_CANCELLED', detail: 'Somebody has asked to cancel the order.' };
    }
    return { ok: true, orderId, payable: order.payable.toString(), currency: order.currency };
  }
}
