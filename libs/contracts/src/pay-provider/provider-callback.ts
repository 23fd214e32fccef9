import { z } from 'zod';
import { amountSchema, currencySchema } from '../money.js';

/**
 * Header of a callback: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`, each v1 an HMAC-SHA256 over `<t>.<raw body>`.
 * During the rotation of a secret there are two v1.
 */
export const CALLBACK_SIGNATURE_HEADER = 'x-pay-signature';
export const CALLBACK_TOLERANCE_SECONDS = 300;

/** Header of every request to the provider but those of its pay page: the key that the provider has given to the merchant. */
export const MERCHANT_KEY_HEADER = 'x-merchant-key';

/** Defined by the provider. pay compares each field with its own record before it acts on a callback. */
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
/** POST /provider/charges. It is idempotent by paymentId and answers 200 or 201 with a ProviderCharge. */
export type CreateCharge = z.infer<typeof createChargeSchema>;

/** The fields that pay reads of the answer. The buyer pays on the page `payUrl`; in the simulator it is a request. */
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
/** POST /provider/refunds. It is idempotent by refundId and answers 200 with `{ refundId, state: 'SUCCEEDED' }`. */
export type CreateRefund = z.infer<typeof createRefundSchema>;
