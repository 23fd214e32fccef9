import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { MerchantOnly } from '../admit-merchant/merchant.guard.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { billOf, viewCharge } from './charge-view.js';
import { billSchema, chargeViewSchema } from './read-charge.dto.js';
import type { BillLine, ChargeView } from './read-charge.dto.js';

@ApiTags('charges')
@MerchantOnly()
@Controller('provider')
export class ReadChargeController {
  constructor(private readonly store: LedgerStore) {}

  @Get('charges/:chargeId')
  @ApiOperation({ summary: 'A charge with its transactions, refunds and callbacks' })
  @ApiOkResponse({ standardSchema: chargeViewSchema })
  async read(@Param('chargeId') chargeId: string): Promise<ChargeView> {
    const view = viewCharge(this.store.accountOf(chargeId));
    await this.store.settled();
    return view;
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
