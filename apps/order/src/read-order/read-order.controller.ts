import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { orderIdSchema } from '@rocketshop/contracts';
import { Buyer, BuyerGuard, notFound } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import { ReadOrderService } from './read-order.service.js';
import { orderListSchema, orderSchema } from './read-order.dto.js';
import type { OrderView } from './read-order.dto.js';

@ApiTags('orders')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('orders')
export class ReadOrderController {
  constructor(private readonly service: ReadOrderService) {}

  @Get()
  @ApiOperation({ summary: "List the buyer's orders, the newest first" })
  @ApiOkResponse({ description: 'Amounts are minor units as text.', standardSchema: orderListSchema })
  list(@Buyer() buyer: BuyerIdentity): Promise<OrderView[]> {
    return this.service.listVisible(buyer.id);
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'Read one order of the buyer. A cancelled order has its reason' })
  @ApiOkResponse({ description: 'Amounts are minor units as text.', standardSchema: orderSchema })
  async read(@Param('orderId') orderId: string, @Buyer() buyer: BuyerIdentity): Promise<OrderView> {
    const order = orderIdSchema.safeParse(orderId).success
      ? await this.service.findVisible(orderId, buyer.id)
      : undefined;
    if (!order) throw notFound('order');
    return order;
  }
}
