import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Buyer, BuyerGuard } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import { balanceSchema } from './read-balance.dto.js';
import type { Balance } from './read-balance.dto.js';
import { ReadBalanceService } from './read-balance.service.js';

@ApiTags('balance')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('balance')
export class ReadBalanceController {
  constructor(private readonly service: ReadBalanceService) {}

  @Get()
  @ApiOperation({ summary: "Read the buyer's balance" })
  @ApiOkResponse({ description: 'Minor units as text.', standardSchema: balanceSchema })
  read(@Buyer() buyer: BuyerIdentity): Promise<Balance> {
    return this.service.readOf(buyer.id);
  }
}
