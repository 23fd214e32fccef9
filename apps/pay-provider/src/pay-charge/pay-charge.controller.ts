import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { chargeViewSchema } from '../read-charge/read-charge.dto.js';
import type { ChargeView } from '../read-charge/read-charge.dto.js';
import { payModesSchema } from './pay-charge.dto.js';
import type { PayModes } from './pay-charge.dto.js';
import { PayChargeService } from './pay-charge.service.js';

@ApiTags('charges')
@Controller('provider/charges')
export class PayChargeController {
  constructor(private readonly service: PayChargeService) {}

  @Post(':chargeId/pay')
  @HttpCode(200)
  @ApiOperation({ summary: 'The buyer pays; the body tells how the provider shall misbehave for this charge' })
  @ApiOkResponse({ standardSchema: chargeViewSchema })
  pay(@Param('chargeId') chargeId: string, @Body({ schema: payModesSchema }) modes: PayModes): Promise<ChargeView> {
    return this.service.pay(chargeId, modes);
  }
}
