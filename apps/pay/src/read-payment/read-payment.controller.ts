import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { orderIdSchema, paymentIdSchema } from '@rocketshop/contracts';
import {
  bind,
  Buyer,
  BuyerGuard,
  Database,
  notFound,
  type BuyerIdentity,
  type NamedStatement,
} from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { PaymentRow } from '../database/statements.js';
import { viewPayment, type PaymentView, type RefundView } from './payment-view.js';

interface RefundViewRow {
  refund_id: string;
  payment_id: string;
  amount: bigint;
  currency: string;
  reason: RefundView['reason'];
  status: RefundView['status'];
  refunded_at: Date | null;
}

type PaymentWithRefunds = PaymentView & { readonly refunds: readonly RefundView[] };

@ApiTags('payments')
@ApiBearerAuth()
@UseGuards(BuyerGuard)
@Controller('payments')
export class ReadPaymentController {
  constructor(private readonly database: Database) {}

  @Get(':paymentId')
  @ApiOperation({ summary: "One payment of the buyer's own, with what was refunded of it" })
  async read(@Param('paymentId') paymentId: string, @Buyer() buyer: BuyerIdentity): Promise<PaymentWithRefunds> {
    if (!paymentIdSchema.safeParse(paymentId).success) throw notFound('payment');
    const { selectPayment, selectRefundsOfPayment } = statements;
    const [payment] = await this.select(selectPayment, selectRefundsOfPayment, [paymentId], buyer);
    if (!payment) throw notFound('payment');
    return payment;
  }

  @Get()
  @ApiOperation({ summary: "All payments of one of the buyer's orders" })
  @ApiQuery({ name: 'orderId', required: true })
  async list(@Query('orderId') orderId: string, @Buyer() buyer: BuyerIdentity): Promise<PaymentWithRefunds[]> {
    if (!orderIdSchema.safeParse(orderId).success) return [];
    const { selectPaymentsOfOrder, selectRefundsOfOrder } = statements;
    return this.select(selectPaymentsOfOrder, selectRefundsOfOrder, [orderId], buyer);
  }

  private async select(
    payments: NamedStatement,
    refunds: NamedStatement,
    values: readonly string[],
    buyer: BuyerIdentity,
  ): Promise<PaymentWithRefunds[]> {
    const [found, returned] = await this.database.inOneRoundTrip([
      bind<PaymentRow>(payments, values),
      bind<RefundViewRow>(refunds, values),
    ]);
    const own = found.rows.filter((payment) => payment.user_id === buyer.id);
    return own.map((payment) => {
      const refunds = returned.rows.filter((refund) => refund.payment_id === payment.payment_id);
      return Object.assign(viewPayment(payment), { refunds: refunds.map(viewRefund) });
    });
  }
}

function viewRefund(row: RefundViewRow): RefundView {
  return {
    refundId: row.refund_id,
    amount: row.amount.toString(),
    currency: row.currency,
    reason: row.reason,
    status: row.status,
    refundedAt: row.refunded_at?.toISOString() ?? null,
  };
}
