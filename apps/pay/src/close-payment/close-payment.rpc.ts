import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { closePayment, parseAs, type AnswerOf } from '@rocketshop/contracts';
import { ClosePaymentService } from './close-payment.service.js';

/** The order service asks before it cancels an order that nobody has paid. */
@Controller()
export class ClosePaymentRpc {
  constructor(private readonly closePayments: ClosePaymentService) {}

  @MessagePattern(closePayment.pattern)
  async close(@Payload() payload: unknown): Promise<AnswerOf<typeof closePayment>> {
    const { orderId, deadline } = parseAs(closePayment.pattern, closePayment.call, payload);
    const outcome = await this.closePayments.close(orderId, { deadline });
    return { ok: true, outcome: outcome === 'ALREADY_PAID' ? 'ALREADY_PAID' : 'CLOSED' };
  }
}
