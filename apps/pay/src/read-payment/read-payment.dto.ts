import { amountSchema, currencySchema, instantSchema, orderIdSchema, paymentIdSchema } from '@rocketshop/contracts';
import { z } from 'zod';
import type { PaymentEntity } from '../database/entities/payment.entity.js';
import type { RefundEntity } from '../database/entities/refund.entity.js';

/** A payment as its buyer sees it. Amounts are minor units as text, instants RFC 3339. */
export const paymentSchema = z.object({
  paymentId: paymentIdSchema,
  orderId: orderIdSchema,
  status: z.enum(['CREATED', 'PAYING', 'PAID', 'CLOSED']),
  amount: amountSchema,
  currency: currencySchema,
  /** Where the buyer pays, once the provider has the charge. */
  payUrl: z.string().nullable(),
  createdAt: instantSchema,
  paidAt: instantSchema.nullable(),
});
export type PaymentView = z.infer<typeof paymentSchema>;

export const refundSchema = z.object({
  refundId: z.string(),
  amount: amountSchema,
  currency: currencySchema,
  reason: z.enum(['LATE', 'DOUBLE']),
  status: z.enum(['REQUESTED', 'REFUNDED']),
  refundedAt: instantSchema.nullable(),
});

export const paymentWithRefundsSchema = paymentSchema.extend({ refunds: z.array(refundSchema) });
export const paymentListSchema = z.array(paymentWithRefundsSchema);
export type PaymentWithRefunds = z.infer<typeof paymentWithRefundsSchema>;

export const viewPayment = (payment: PaymentEntity): PaymentView => ({
  paymentId: payment.paymentId,
  orderId: payment.orderId,
  status: payment.status,
  amount: payment.amount.toString(),
  currency: payment.currency,
  payUrl: payment.payUrl,
  createdAt: payment.createdAt.toISOString(),
  paidAt: payment.paidAt?.toISOString() ?? null,
});

export const viewRefund = (refund: RefundEntity): z.infer<typeof refundSchema> => ({
  refundId: refund.refundId,
  amount: refund.amount.toString(),
  currency: refund.currency,
  reason: refund.reason,
  status: refund.status,
  refundedAt: refund.refundedAt?.toISOString() ?? null,
});
