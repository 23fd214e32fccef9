import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { voidAnswerSchema } from '@rocketshop/contracts';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { VoidChargeService } from './void-charge.service.js';

@ApiTags('charges')
@MerchantOnly()
@Controller('provider/merchants/:merchantId/payments/:paymentId')
export class VoidChargeController {
  constructor(private readonly service: VoidChargeService) {}

  @Post('void')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let nobody pay any more; idempotent; also before there is a charge' })
  @ApiOkResponse({ description: 'The charge is void.', standardSchema: voidAnswerSchema })
  async void(@Param('merchantId') merchantId: string, @Param('paymentId') paymentId: string) {
    await this.service.void({ merchantId, paymentId });
    return { paymentId, state: 'VOID' as const };
  }
}
