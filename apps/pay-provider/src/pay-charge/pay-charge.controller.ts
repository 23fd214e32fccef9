import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ChargeView } from '../read-charge/charge.view.js';
import { payModesSchema, type PayModes } from './pay-charge.dto.js';
import { PayChargeService } from './pay-charge.service.js';

@ApiTags('charges')
@Controller('provider/charges')
export class PayChargeController {
  constructor(private readonly service: PayChargeService) {}

  @Post(':chargeId/pay')
  @HttpCode(200)
  @ApiOperation({ summary: 'The buyer pays; the body says how the provider shall misbehave for once' })
  pay(@Param('chargeId') chargeId: string, @Body({ schema: payModesSchema }) modes: PayModes): Promise<ChargeView> {
    return this.service.pay(chargeId, modes);
  }
}
