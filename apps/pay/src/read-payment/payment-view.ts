import type { PaymentRow } from '../database/statements.js';
import type { PaymentStatus } from '../domain/payment-status.js';

export interface RefundView {
  readonly refundId: string;
  readonly amount: string;
  readonly currency: string;
  readonly reason: 'LATE' | 'DOUBLE';
  readonly status: 'REQUESTED' | 'REFUNDED';
  readonly refundedAt: string | null;
}

/** A payment as its buyer sees it. Amounts are minor units as text, instants RFC 3339. */
export interface PaymentView {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: PaymentStatus;
  readonly amount: string;
  readonly currency: string;
  /** Where the buyer pays, while he can. */
  readonly payUrl: string | null;
  readonly createdAt: string;
  readonly paidAt: string | null;
}

export function viewPayment(payment: PaymentRow): PaymentView {
  return {
    paymentId: payment.payment_id,
    orderId: payment.order_id,
    status: payment.status,
    amount: payment.amount.toString(),
    currency: payment.currency,
    payUrl: payment.pay_url,
    createdAt: payment.created_at.toISOString(),
    paidAt: payment.paid_at?.toISOString() ?? null,
  };
}
