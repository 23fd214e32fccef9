import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { createRefundSchema, type CreateRefund } from '@rocketshop/contracts';
import { RefundPaymentService } from './refund-payment.service.js';

/** The simulator knows no refund that is still under way. */
export interface RefundAnswer {
  readonly refundId: string;
  readonly state: 'SUCCEEDED';
}

@ApiTags('refunds')
@Controller('provider/refunds')
export class RefundPaymentController {
  constructor(private readonly service: RefundPaymentService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Give money back; idempotent by refundId' })
  async refund(@Body({ schema: createRefundSchema }) body: CreateRefund): Promise<RefundAnswer> {
    const { refundId } = await this.service.refund(body);
    return { refundId, state: 'SUCCEEDED' };
  }
}
