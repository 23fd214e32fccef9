import { z } from 'zod';
import { amountSchema, currencySchema } from '../money.js';

/**
 * Header of a callback: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`, each v1 an HMAC-SHA256 over `<t>.<raw body>`.
 * Two v1 appear while a secret is being rotated.
 */
export const CALLBACK_SIGNATURE_HEADER = 'x-pay-signature';
export const CALLBACK_TOLERANCE_SECONDS = 300;

/** The provider's words, not ours: fields are checked one by one against our own record before anything is believed. */
export const providerCallbackSchema = z.object({
  eventId: z.string().min(1).max(64),
  type: z.enum(['payment.succeeded', 'refund.succeeded']),
  merchantId: z.string().min(1).max(64),
  paymentId: z.string().min(1).max(64),
  orderId: z.string().min(1).max(64),
  providerTxnId: z.string().min(1).max(64),
  amount: amountSchema,
  currency: currencySchema,
  occurredAt: z.iso.datetime(),
});
export type ProviderCallback = z.infer<typeof providerCallbackSchema>;

export const createChargeSchema = z.object({
  merchantId: z.string().min(1).max(64),
  paymentId: z.string().min(1).max(64),
  orderId: z.string().min(1).max(64),
  amount: amountSchema,
  currency: currencySchema,
  callbackUrl: z.url(),
});
/** POST /provider/charges: idempotent by paymentId; answers 200 or 201 with a ProviderCharge. */
export type CreateCharge = z.infer<typeof createChargeSchema>;

/** What is read of the provider's answer. `payUrl` is the page, or in the simulator the request, with which the buyer pays. */
export const providerChargeSchema = z.object({
  chargeId: z.string().min(1).max(64),
  paymentId: z.string().min(1).max(64),
  state: z.enum(['WAITING', 'PAID']),
  payUrl: z.url(),
});
export type ProviderCharge = z.infer<typeof providerChargeSchema>;

export const createRefundSchema = z.object({
  refundId: z.string().min(1).max(64),
  providerTxnId: z.string().min(1).max(64),
  amount: amountSchema,
  currency: currencySchema,
});
/** POST /provider/refunds: idempotent by refundId; answers 200 with `{ refundId, state: 'SUCCEEDED' }`. */
export type CreateRefund = z.infer<typeof createRefundSchema>;
