import { Body, Controller, Inject, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Claim, Idempotent } from '@rocketshop/idempotency';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import { deadlineIn } from '@rocketshop/pg';
import { aboutOrder, Buyer, BuyerGuard } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { orderSchema } from '../read-order/read-order.dto.js';
import type { OrderView } from '../read-order/read-order.dto.js';
import { placeOrderSchema } from './place-order.dto.js';
import type { PlaceOrderBody } from './place-order.dto.js';
import { PlaceOrderService } from './place-order.service.js';
import { newPlaceOrderRun } from './place-order.run.js';

@ApiTags('orders')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('orders')
export class PlaceOrderController {
  constructor(
    private readonly service: PlaceOrderService,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  @Post()
  @Idempotent(placeOrderSchema)
  @ApiHeader({ name: 'Idempotency-Key', required: true, description: 'A key belongs to one order for ever' })
  @ApiOperation({ summary: 'Place an order. The answer is 201 with the order, or a problem that tells the reason' })
  @ApiCreatedResponse({ description: 'The order, CONFIRMED or PAID.', standardSchema: orderSchema })
  place(
    @Body({ schema: placeOrderSchema }) body: PlaceOrderBody,
    @Buyer() buyer: BuyerIdentity,
    @Claim() claim: IdempotencyClaim,
  ): Promise<OrderView> {
    const deadline = deadlineIn(this.config.flowTimeoutMs);
    const run = newPlaceOrderRun({ userId: buyer.id, body, claim, deadline });
    aboutOrder(run.orderId);
    return this.service.placeOrder(run);
  }
}
