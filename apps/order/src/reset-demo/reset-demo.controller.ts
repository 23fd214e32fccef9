import { Controller, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { resetCouponDemo, resetPayDemo, resetStockDemo, resetUserDemo } from '@rocketshop/contracts';
import { RedisHints } from '@rocketshop/idempotency';
import { deadlineIn } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import { BuyerGuard, Database, ProblemError } from '@rocketshop/service-defaults';
import type { OrderConfig } from '../order.config.js';
import { ORDER_CONFIG } from '../order.tokens.js';
import { CouponRpc, PayRpc, StockRpc, UserRpc } from '../remote-services.js';
import { resetDemoSchema } from './reset-demo.dto.js';
import type { ResetDemo } from './reset-demo.dto.js';

/** A table comes before those that it refers to. */
const TABLES = ['order_compensations', 'order_items', 'orders', 'idempotency_keys'];

/**
 * Resets the whole shop to its seed data. The module has this controller with DEMO_DATA only. A token is asked for, so that a web
 * page which the buyer happens to visit cannot reset the shop.
 */
@ApiTags('demo')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('demo')
export class ResetDemoController {
  constructor(
    private readonly database: Database,
    private readonly hints: RedisHints,
    private readonly stock: StockRpc,
    private readonly coupon: CouponRpc,
    private readonly user: UserRpc,
    private readonly pay: PayRpc,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  @Post('reset')
  @HttpCode(200)
  @ApiOperation({ summary: 'Delete all orders, and reset goods, coupons, balances and payments' })
  @ApiOkResponse({ description: 'All services have reset their data.', standardSchema: resetDemoSchema })
  async reset(): Promise<ResetDemo> {
    await this.resetOthers();
    const deadline = deadlineIn(this.config.rpcTimeoutMs);
    // A participant that gets a message about a deleted order fences the order off, since its log has no row of it.
    // The service's role may not truncate. A row that is written in between could refer to one that is deleted here.
    const forget = async (client: PgClient): Promise<void> => {
      await client.query(`LOCK TABLE ${TABLES.join(', ')} IN EXCLUSIVE MODE`);
      for (const table of TABLES) await client.query(`DELETE FROM ${table}`);
      await this.hints.forgetAll(client);
    };
    await this.database.transaction(forget, { deadline });
    return { reset: true };
  }

  /** Before the orders are deleted: when one of them does not answer, the reset is repeated, and finds the orders still there. */
  private async resetOthers(): Promise<void> {
    const options = { timeoutMs: this.config.rpcTimeoutMs };
    const answers = await Promise.all([
      this.stock.call(resetStockDemo, {}, options),
      this.coupon.call(resetCouponDemo, {}, options),
      this.user.call(resetUserDemo, {}, options),
      this.pay.call(resetPayDemo, {}, options),
    ]).catch((cause: unknown) => {
      throw incomplete(cause);
    });
    const refused = answers.find((answer) => !answer.ok);
    if (!refused) return;
    throw new ProblemError({
      status: 409,
      code: refused.code,
      title: 'Not every service runs with DEMO_DATA.',
      detail: refused.detail,
    });
  }
}

const incomplete = (cause: unknown) =>
  new ProblemError({
    status: 503,
    code: 'RESET_INCOMPLETE',
    title: 'A service did not answer, so the shop is reset in part.',
    detail: 'No order is deleted yet. Send the request again.',
    headers: { 'retry-after': '1' },
    cause,
  });
