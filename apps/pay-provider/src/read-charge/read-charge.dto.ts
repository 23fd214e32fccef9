import {
  amountSchema,
  chargeStateSchema,
  createChargeSchema,
  currencySchema,
  instantSchema,
  providerChargeSchema,
} from '@rocketshop/contracts';
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
  state: chargeStateSchema,
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

/** A charge of the list: what it asks for, and whether it can still be paid. */
const chargeLineSchema = providerChargeSchema
  .omit({ payUrl: true })
  .extend({ merchantId: z.string(), orderId: z.string(), amount: amountSchema, currency: currencySchema });
export const chargeListSchema = z.object({ charges: z.array(chargeLineSchema) });
export type ChargeLine = z.infer<typeof chargeLineSchema>;

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
