import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Buyer, BuyerGuard } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import { couponListSchema } from './list-coupons.dto.js';
import type { CouponList } from './list-coupons.dto.js';
import { ListCouponsService } from './list-coupons.service.js';

@ApiTags('coupons')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('coupons')
export class ListCouponsController {
  constructor(private readonly service: ListCouponsService) {}

  @Get()
  @ApiOperation({ summary: "List the buyer's coupons, the first to expire first" })
  @ApiOkResponse({ description: 'Amounts are minor units as text.', standardSchema: couponListSchema })
  list(@Buyer() buyer: BuyerIdentity): Promise<CouponList> {
    return this.service.listOf(buyer.id);
  }
}
