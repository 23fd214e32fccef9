import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { closePayment, parseAs } from '@rocketshop/contracts';
import type { AnswerOf } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { ClosePaymentService } from './close-payment.service.js';

/** The order service calls this before it cancels an unpaid order. */
@Controller()
export class ClosePaymentRpc {
  constructor(private readonly service: ClosePaymentService) {}

  @MessagePattern(closePayment.pattern)
  async close(
    @Payload() call: unknown,
    @CallDeadline() deadline: DeadlineInstant,
  ): Promise<AnswerOf<typeof closePayment>> {
    const { orderId } = parseAs(closePayment.pattern, closePayment.call, call);
    const outcome = await this.service.close(orderId, { deadline });
    if (outcome !== 'ALREADY_PAID') return { ok: true, outcome: 'CLOSED' };
    return { ok: true, outcome, payment: await this.service.readPaid(orderId) };
  }
}
