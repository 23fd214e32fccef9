import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { createRefundSchema } from '@rocketshop/contracts';
import type { CreateRefund } from '@rocketshop/contracts';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { refundAnswerSchema } from './refund-payment.dto.js';
import type { RefundAnswer } from './refund-payment.dto.js';
import { RefundPaymentService } from './refund-payment.service.js';

@ApiTags('refunds')
@MerchantOnly()
@Controller('provider/refunds')
export class RefundPaymentController {
  constructor(private readonly service: RefundPaymentService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Refund money; idempotent by refundId' })
  @ApiOkResponse({ standardSchema: refundAnswerSchema })
  async refund(@Body({ schema: createRefundSchema }) body: CreateRefund): Promise<RefundAnswer> {
    const { refundId } = await this.service.refund(body);
    return { refundId, state: 'SUCCEEDED' };
  }
}
