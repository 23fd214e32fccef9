import { z } from 'zod';
import { text, urlText } from '../text.js';
import { amountSchema, currencySchema } from '../money.js';

/**
 * Header of a callback: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`, each v1 an HMAC-SHA256 over `<t>.<raw body>`.
 * During the rotation of a secret there are two v1.
 */
export const CALLBACK_SIGNATURE_HEADER = 'x-pay-signature';
export const CALLBACK_TOLERANCE_SECONDS = 300;

/** Header of every request to the provider but those of its pay page: the key that the provider has given to the merchant. */
export const MERCHANT_KEY_HEADER = 'x-merchant-key';

/** An id of the provider, or what it gives as one. */
const idSchema = text().min(1).max(64);

/** Defined by the provider. pay compares each field with its own record before it acts on a callback. */
export const providerCallbackSchema = z.object({
  eventId: idSchema,
  type: z.enum(['payment.succeeded', 'refund.succeeded']),
  merchantId: idSchema,
  paymentId: idSchema,
  orderId: idSchema,
  providerTxnId: idSchema,
  amount: amountSchema,
  currency: currencySchema,
  occurredAt: z.iso.datetime(),
});
export type ProviderCallback = z.infer<typeof providerCallbackSchema>;

export const createChargeSchema = z.object({
  merchantId: text().min(1).max(64),
  paymentId: text().min(1).max(64),
  orderId: text().min(1).max(64),
  amount: amountSchema,
  currency: currencySchema,
  callbackUrl: urlText(),
});
/** POST /provider/charges. It is idempotent by paymentId and answers 200 or 201 with a ProviderCharge. */
export type CreateCharge = z.infer<typeof createChargeSchema>;

/** WAITING: the buyer may pay. PAID and VOID are for ever: a charge that is paid cannot be made void, and a void one not paid. */
export const chargeStateSchema = z.enum(['WAITING', 'PAID', 'VOID']);

/** The fields that pay reads of the answer. The buyer pays on the page `payUrl`; in the simulator it is a request. */
export const providerChargeSchema = z.object({
  chargeId: text().min(1).max(64),
  paymentId: text().min(1).max(64),
  state: chargeStateSchema,
  payUrl: urlText(),
});
export type ProviderCharge = z.infer<typeof providerChargeSchema>;

export const createRefundSchema = z.object({
  refundId: text().min(1).max(64),
  providerTxnId: text().min(1).max(64),
  amount: amountSchema,
  currency: currencySchema,
});
/** POST /provider/refunds. It is idempotent by refundId and answers 200 with `{ refundId, state: 'SUCCEEDED' }`. */
export type CreateRefund = z.infer<typeof createRefundSchema>;

/** Path of a charge by the merchant's own id, for a merchant that has lost the answer with the provider's id. */
export const paymentPath = (payment: { readonly merchantId: string; readonly paymentId: string }): string =>
  `/provider/merchants/${encodeURIComponent(payment.merchantId)}/payments/${encodeURIComponent(payment.paymentId)}`;

/**
 * The fields that pay reads of GET {@link paymentPath}. 404 CHARGE_NOT_FOUND: the provider has never had such a charge.
 * A charge that was charged twice has two transactions, and one that is paid has at least one.
 */
export const chargeReadingSchema = providerChargeSchema
  .extend({
    merchantId: text().min(1).max(64),
    orderId: text().min(1).max(64),
    amount: amountSchema,
    currency: currencySchema,
    transactions: z
      .array(
        z.object({
          providerTxnId: text().min(1).max(64),
          amount: amountSchema,
          currency: currencySchema,
          occurredAt: z.iso.datetime(),
        }),
      )
      .max(100)
      .readonly(),
  })
  .refine(({ state, transactions }) => state !== 'PAID' || transactions.length > 0, 'must have what was paid');
export type ChargeReading = z.infer<typeof chargeReadingSchema>;

/**
 * Answer of POST {@link paymentPath}/void: nobody can pay any more. It holds also for a payment id that the provider has never had: a later
 * charge with that id is refused with {@link CHARGE_VOID}. It is idempotent. A charge that was paid is answered 409 {@link CHARGE_PAID}.
 */
export const voidAnswerSchema = z.object({ paymentId: text(), state: z.literal('VOID') });
export const CHARGE_VOID = 'CHARGE_VOID';
export const CHARGE_PAID = 'CHARGE_PAID';
