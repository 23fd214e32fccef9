import { Body, Controller, Post, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Claim, IdempotencyInterceptor, type IdempotencyClaim } from '@rocketshop/idempotency';
import { Buyer, BuyerGuard, type BuyerIdentity } from '@rocketshop/service-defaults';
import { paymentSchema, type PaymentView } from '../read-payment/read-payment.dto.js';
import { openPaymentSchema, type OpenPaymentBody } from './open-payment.dto.js';
import { OpenPaymentService } from './open-payment.service.js';

@ApiTags('payments')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('payments')
export class OpenPaymentController {
  constructor(private readonly openPayment: OpenPaymentService) {}

  @Post()
  @UseInterceptors(IdempotencyInterceptor)
  @ApiHeader({ name: 'Idempotency-Key', required: true, description: 'The same key answers the same payment' })
  @ApiOperation({ summary: 'Open the payment of an order, or answer the one that is open' })
  @ApiCreatedResponse({ description: 'Where the buyer pays, and how much.', standardSchema: paymentSchema })
  open(
    @Body({ schema: openPaymentSchema }) body: OpenPaymentBody,
    @Buyer() buyer: BuyerIdentity,
    @Claim() claim: IdempotencyClaim,
  ): Promise<PaymentView> {
    return this.openPayment.open(body.orderId, buyer.id, claim);
  }
}
