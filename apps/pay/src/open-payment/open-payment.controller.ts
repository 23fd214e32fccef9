import { Body, Controller, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Claim, Idempotent } from '@rocketshop/idempotency';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import { Buyer, BuyerGuard } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import { paymentSchema } from '../read-payment/read-payment.dto.js';
import type { PaymentView } from '../read-payment/read-payment.dto.js';
import { openPaymentSchema } from './open-payment.dto.js';
import type { OpenPaymentBody } from './open-payment.dto.js';
import { OpenPaymentService } from './open-payment.service.js';

@ApiTags('payments')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('payments')
export class OpenPaymentController {
  constructor(private readonly service: OpenPaymentService) {}

  @Post()
  @Idempotent(openPaymentSchema)
  @ApiHeader({ name: 'Idempotency-Key', required: true, description: 'The same key gets the same payment' })
  @ApiOperation({ summary: 'Open the payment of an order, or answer the open one' })
  @ApiCreatedResponse({ description: 'Where the buyer pays, and how much.', standardSchema: paymentSchema })
  open(
    @Body({ schema: openPaymentSchema }) body: OpenPaymentBody,
    @Buyer() buyer: BuyerIdentity,
    @Claim() claim: IdempotencyClaim,
  ): Promise<PaymentView> {
    return this.service.open(body.orderId, buyer.id, claim);
  }
}
