import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { orderIdSchema, paymentIdSchema } from '@rocketshop/contracts';
import { Buyer, BuyerGuard, Database, notFound, type BuyerIdentity } from '@rocketshop/service-defaults';
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
    const { rows } = await this.database.query<PaymentRow>(statements.selectPayment, [paymentId]);
    const [payment] = await this.withRefunds(rows.filter((row) => row.user_id === buyer.id));
    if (!payment) throw notFound('payment');
    return payment;
  }

  @Get()
  @ApiOperation({ summary: "All payments of one of the buyer's orders" })
  @ApiQuery({ name: 'orderId', required: true })
  async list(@Query('orderId') orderId: string, @Buyer() buyer: BuyerIdentity): Promise<PaymentWithRefunds[]> {
    if (!orderIdSchema.safeParse(orderId).success) return [];
    const { rows } = await this.database.query<PaymentRow>(statements.selectPaymentsOfOrder, [orderId, buyer.id]);
    return this.withRefunds(rows);
  }

  private async withRefunds(payments: readonly PaymentRow[]): Promise<PaymentWithRefunds[]> {
    if (payments.length === 0) return [];
    const ids = payments.map((payment) => payment.payment_id);
    const { rows } = await this.database.query<RefundViewRow>(statements.selectRefundsOfOrder, [ids]);
    return payments.map((payment) => ({
      ...viewPayment(payment),
      refunds: rows.filter((row) => row.payment_id === payment.payment_id).map(viewRefund),
    }));
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
