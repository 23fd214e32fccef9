import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { orderIdSchema, paymentIdSchema } from '@rocketshop/contracts';
import { Buyer, BuyerGuard, notFound } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import { paymentListSchema, paymentWithRefundsSchema } from './read-payment.dto.js';
import type { PaymentWithRefunds } from './read-payment.dto.js';
import { ReadPaymentService } from './read-payment.service.js';

@ApiTags('payments')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('payments')
export class ReadPaymentController {
  constructor(private readonly service: ReadPaymentService) {}

  @Get(':paymentId')
  @ApiOperation({ summary: 'Read one payment of the buyer, with its refunds' })
  @ApiOkResponse({ description: 'Amounts are minor units as text.', standardSchema: paymentWithRefundsSchema })
  async read(@Param('paymentId') paymentId: string, @Buyer() buyer: BuyerIdentity): Promise<PaymentWithRefunds> {
    if (!paymentIdSchema.safeParse(paymentId).success) throw notFound('payment');
    const [payment] = await this.service.find({ paymentId, userId: buyer.id });
    if (!payment) throw notFound('payment');
    return payment;
  }

  @Get()
  @ApiOperation({ summary: "List all payments of one of the buyer's orders" })
  @ApiQuery({ name: 'orderId', required: true })
  @ApiOkResponse({ description: 'The payments, the oldest first.', standardSchema: paymentListSchema })
  async list(@Query('orderId') orderId: string, @Buyer() buyer: BuyerIdentity): Promise<PaymentWithRefunds[]> {
    if (!orderIdSchema.safeParse(orderId).success) return [];
    return this.service.find({ orderId, userId: buyer.id });
  }
}
