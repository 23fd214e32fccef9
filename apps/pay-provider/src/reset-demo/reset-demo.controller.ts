import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { notFound } from '@rocketshop/service-defaults';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import type { PayProviderConfig } from '../pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from '../pay-provider.tokens.js';

/** A demo that begins again deletes the shop's records. The bill must begin again with them, or it would tell of unknown money. */
@ApiTags('demo')
@MerchantOnly()
@Controller('provider')
export class ResetDemoController {
  constructor(
    private readonly store: LedgerStore,
    @Inject(PAY_PROVIDER_CONFIG) private readonly config: Pick<PayProviderConfig, 'demoData'>,
  ) {}

  @Post('reset')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget every charge; only with DEMO_DATA' })
  @ApiNoContentResponse()
  async reset(): Promise<void> {
    if (!this.config.demoData) throw notFound('reset');
    await this.store.record({ kind: 'reset' });
  }
}
