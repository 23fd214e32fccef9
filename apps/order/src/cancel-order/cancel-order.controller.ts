import { Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { orderIdSchema } from '@rocketshop/contracts';
import { Buyer, BuyerGuard, notFound, ProblemError } from '@rocketshop/service-defaults';
import type { BuyerIdentity } from '@rocketshop/service-defaults';
import { ReadOrderService } from '../read-order/read-order.service.js';
import { orderSchema } from '../read-order/read-order.dto.js';
import type { OrderView } from '../read-order/read-order.dto.js';
import { CancelUnpaidOrderService } from './cancel-unpaid-order.service.js';
import type { CancelUnpaidOutcome } from './cancel-unpaid-order.service.js';

/** The buyer cancels an order before it is paid. A repeated request changes nothing and answers the order as it is. */
@ApiTags('orders')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('orders')
export class CancelOrderController {
  constructor(
    private readonly readOrder: ReadOrderService,
    private readonly cancelUnpaid: CancelUnpaidOrderService,
  ) {}

  @Post(':orderId/cancel')
  @HttpCode(202)
  @ApiOperation({ summary: 'Cancel an order that is not paid. The answer does not wait until everything is undone' })
  @ApiAcceptedResponse({ description: 'The order as it is now.', standardSchema: orderSchema })
  async cancel(@Param('orderId') orderId: string, @Buyer() buyer: BuyerIdentity): Promise<OrderView> {
    const order = await this.findOwn(orderId, buyer);
    if (order.status === 'CANCELLING' || order.status === 'CANCELLED') return order;
    if (order.status === 'PAID' || (await this.tryCancel(orderId)) === 'ALREADY_PAID') throw alreadyPaid();
    return this.findOwn(orderId, buyer);
  }

  private async tryCancel(orderId: string): Promise<CancelUnpaidOutcome> {
    try {
      return await this.cancelUnpaid.cancel({
        orderId,
        reason: 'BUYER_CANCELLED',
        detail: 'The buyer cancelled the order.',
        by: 'buyer',
      });
    } catch (error) {
      throw new ProblemError({
        status: 503,
        code: 'PAY_UNREACHABLE',
        title: 'The payment service did not answer, so the order was not cancelled.',
        headers: { 'retry-after': '1' },
        cause: error,
      });
    }
  }

  private async findOwn(orderId: string, buyer: BuyerIdentity): Promise<OrderView> {
    const order = orderIdSchema.safeParse(orderId).success
      ? await this.readOrder.findVisible(orderId, buyer.id)
      : undefined;
    if (!order) throw notFound('order');
    return order;
  }
}

const alreadyPaid = () =>
  new ProblemError({ status: 409, code: 'ORDER_ALREADY_PAID', title: 'The order is paid and cannot be cancelled.' });
