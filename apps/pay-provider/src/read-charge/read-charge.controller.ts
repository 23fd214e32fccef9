import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { chargeReadingSchema } from '@rocketshop/contracts';
import type { ChargeReading } from '@rocketshop/contracts';
import { notFound } from '@rocketshop/service-defaults';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import type { PayProviderConfig } from '../pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from '../pay-provider.tokens.js';
import { billOf, openChargesOf, viewCharge } from './charge-view.js';
import { payUrlOf } from './pay-url.js';
import type { IncomingRequest } from './pay-url.js';
import { billSchema, chargeListSchema, chargeViewSchema } from './read-charge.dto.js';
import type { BillLine, ChargeLine, ChargeView } from './read-charge.dto.js';

@ApiTags('charges')
@MerchantOnly()
@Controller('provider')
export class ReadChargeController {
  constructor(
    private readonly store: LedgerStore,
    @Inject(PAY_PROVIDER_CONFIG) private readonly config: PayProviderConfig,
  ) {}

  @Get('charges/:chargeId')
  @ApiOperation({ summary: 'A charge with its transactions, refunds and callbacks' })
  @ApiOkResponse({ standardSchema: chargeViewSchema })
  async read(@Param('chargeId') chargeId: string): Promise<ChargeView> {
    const view = viewCharge(this.store.accountOf(chargeId));
    await this.store.settled();
    return view;
  }

  @Get('merchants/:merchantId/payments/:paymentId')
  @ApiOperation({ summary: "A charge by the merchant's own id" })
  @ApiOkResponse({ standardSchema: chargeReadingSchema })
  async readByPayment(
    @Param('merchantId') merchantId: string,
    @Param('paymentId') paymentId: string,
    @Req() request: IncomingRequest,
  ): Promise<ChargeReading> {
    const account = this.store.ledger.accountOfPayment({ merchantId, paymentId });
    await this.store.settled();
    if (account === undefined) throw notFound('charge');
    const { chargeId } = account.charge;
    return { ...viewCharge(account), payUrl: payUrlOf(chargeId, this.config, request) };
  }

  @Get('charges')
  @ApiOperation({ summary: 'Every charge that can still be paid' })
  @ApiOkResponse({ standardSchema: chargeListSchema })
  async list(): Promise<{ charges: ChargeLine[] }> {
    const charges = openChargesOf(this.store.ledger);
    await this.store.settled();
    return { charges };
  }

  @Get('bill')
  @ApiOperation({ summary: 'Every movement of money, for comparison with the records of the merchant' })
  @ApiOkResponse({ description: 'By time. Amounts are minor units as text.', standardSchema: billSchema })
  async bill(): Promise<{ lines: BillLine[] }> {
    const lines = billOf(this.store.ledger);
    await this.store.settled();
    return { lines };
  }
}
