import { Controller, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiConflictResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { orderIdSchema } from '@rocketshop/contracts';
import { Buyer, BuyerGuard, LOGGER, notFound, ProblemError } from '@rocketshop/service-defaults';
import type { BuyerIdentity, Logger } from '@rocketshop/service-defaults';
import { ReadOrderService } from '../read-order/read-order.service.js';
import { orderSchema } from '../read-order/read-order.dto.js';
import type { OrderView } from '../read-order/read-order.dto.js';
import { CancelUnpaidOrderService } from './cancel-unpaid-order.service.js';

/** The buyer cancels an order before it is paid. A repeated request changes nothing and answers the order as it is. */
@ApiTags('orders')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('orders')
export class CancelOrderController {
  constructor(
    private readonly readOrder: ReadOrderService,
    private readonly cancelUnpaid: CancelUnpaidOrderService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Post(':orderId/cancel')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel an order that is not paid. The answer does not wait until everything is undone',
    description:
      'CANCELLING or CANCELLED: it is cancelled. CONFIRMED with cancelRequestedAt: the request is kept, and it is being decided whether ' +
      'the order was paid before; read the order until it is CANCELLING, CANCELLED or PAID. Until then nobody can begin to pay it.',
  })
  @ApiAcceptedResponse({ description: 'The order as it is now.', standardSchema: orderSchema })
  @ApiConflictResponse({ description: 'ORDER_ALREADY_PAID: the order is PAID.' })
  async cancel(@Param('orderId') orderId: string, @Buyer() buyer: BuyerIdentity): Promise<OrderView> {
    const before = await this.findOwn(orderId, buyer);
    const order = before.status === 'CONFIRMED' ? await this.tryCancel(orderId, buyer) : before;
    if (order.status === 'PAID') throw alreadyPaid();
    return order;
  }

  /** Whatever went wrong, the buyer is told what the order's row says. */
  private async tryCancel(orderId: string, buyer: BuyerIdentity): Promise<OrderView> {
    let failure: unknown;
    try {
      await this.cancelUnpaid.cancel(orderId, 'buyer');
    } catch (error) {
      failure = error;
      this.logger.warn({ err: error, orderId }, 'the cancel of the buyer is not decided yet');
    }
    const order = await this.findOwn(orderId, buyer).catch((error: unknown) => {
      throw undecided(error);
    });
    if (order.status === 'CONFIRMED' && order.cancelRequestedAt === null) throw undecided(failure);
    return order;
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

/** The row could not be read, or the request could not be kept: whether the order will be cancelled is not known. */
const undecided = (cause: unknown) =>
  new ProblemError({
    status: 503,
    code: 'CANCEL_UNDECIDED',
    title: 'It is not known whether the order is cancelled. Send the request again, or read the order.',
    headers: { 'retry-after': '1' },
    cause,
  });
