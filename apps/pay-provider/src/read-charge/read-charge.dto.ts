import { amountSchema, createChargeSchema, currencySchema, instantSchema } from '@rocketshop/contracts';
import { z } from 'zod';

const transactionSchema = z.object({
  providerTxnId: z.string(),
  chargeId: z.string(),
  amount: amountSchema,
  currency: currencySchema,
  occurredAt: instantSchema,
});

/** A charge with everything that happened to it. */
export const chargeViewSchema = z.object({
  ...createChargeSchema.shape,
  chargeId: z.string(),
  createdAt: instantSchema,
  state: z.enum(['WAITING', 'PAID']),
  transactions: z.array(transactionSchema).readonly(),
  refunds: z.array(transactionSchema.extend({ refundId: z.string() })).readonly(),
  callbacks: z.array(
    z.object({
      eventId: z.string(),
      type: z.enum(['payment.succeeded', 'refund.succeeded']),
      state: z.enum(['PENDING', 'HELD', 'DELIVERED', 'GIVEN_UP']),
    }),
  ),
});
export type ChargeView = z.infer<typeof chargeViewSchema>;

/** Every movement of money. An amount is never negative: `kind` tells the direction. */
export const billSchema = z.object({
  lines: z.array(
    transactionSchema.extend({
      kind: z.enum(['CHARGE', 'REFUND']),
      merchantId: z.string(),
      paymentId: z.string(),
      orderId: z.string(),
      refundId: z.string().optional(),
    }),
  ),
});
export type BillLine = z.infer<typeof billSchema>['lines'][number];
