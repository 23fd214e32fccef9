import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { paymentSucceeded, readMessage } from '@rocketshop/contracts';
import { DiscardMessageError, ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { PaymentOfUnknownOrderError, RecordPaymentService } from './record-payment.service.js';

/** pay tells that an order is paid. If this message is lost, whoever asks pay to close the payment learns it. */
@Controller()
export class RecordPaymentConsumer {
  constructor(private readonly service: RecordPaymentService) {}

  @EventPattern(paymentSucceeded.topic, ROCKETMQ_TRANSPORT, { group: 'order-record-payment' })
  async record(@Payload() payload: unknown): Promise<void> {
    try {
      await this.service.record(readMessage(paymentSucceeded, payload));
    } catch (error) {
      if (error instanceof PaymentOfUnknownOrderError) throw new DiscardMessageError(error.message);
      throw error;
    }
  }
}
