import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { createChargeSchema, providerChargeSchema } from '@rocketshop/contracts';
import type { CreateCharge, ProviderCharge } from '@rocketshop/contracts';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { stateOf } from '../domain/ledger.js';
import type { PayProviderConfig } from '../pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from '../pay-provider.tokens.js';
import { payUrlOf } from '../read-charge/pay-url.js';
import type { IncomingRequest } from '../read-charge/pay-url.js';
import { CreateChargeService } from './create-charge.service.js';

/** The part of the HTTP response that this controller uses. */
interface OutgoingResponse {
  status(code: number): unknown;
}

@ApiTags('charges')
@MerchantOnly()
@Controller('provider/charges')
export class CreateChargeController {
  constructor(
    private readonly service: CreateChargeService,
    @Inject(PAY_PROVIDER_CONFIG) private readonly config: PayProviderConfig,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Ask for money; idempotent by merchantId and paymentId' })
  @ApiCreatedResponse({ description: 'The charge is new.', standardSchema: providerChargeSchema })
  @ApiOkResponse({ description: 'The charge existed already.', standardSchema: providerChargeSchema })
  async create(
    @Body({ schema: createChargeSchema }) body: CreateCharge,
    @Req() request: IncomingRequest,
    @Res({ passthrough: true }) response: OutgoingResponse,
  ): Promise<ProviderCharge> {
    const { account, created } = await this.service.create(body);
    if (!created) response.status(200);
    const { chargeId } = account.charge;
    return {
      chargeId,
      paymentId: account.charge.paymentId,
      state: stateOf(account),
      payUrl: payUrlOf(chargeId, this.config, request),
    };
  }
}
