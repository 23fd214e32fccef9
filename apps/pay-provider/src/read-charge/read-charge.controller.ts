import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { LedgerStore } from '../ledger/ledger-store.js';
import { accountOf, billOf, viewCharge, type BillLine, type ChargeView } from './charge.view.js';

@ApiTags('charges')
@Controller('provider')
export class ReadChargeController {
  constructor(private readonly store: LedgerStore) {}

  @Get('charges/:chargeId')
  @ApiOperation({ summary: 'A charge with its transactions, refunds and callbacks' })
  async read(@Param('chargeId') chargeId: string): Promise<ChargeView> {
    const view = viewCharge(accountOf(this.store.ledger, chargeId));
    await this.store.settled();
    return view;
  }

  @Get('bill')
  @ApiOperation({ summary: 'Every movement of money, for comparing with our own records' })
  async bill(): Promise<{ lines: BillLine[] }> {
    const lines = billOf(this.store.ledger);
    await this.store.settled();
    return { lines };
  }
}
