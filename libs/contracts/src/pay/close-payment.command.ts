import { z } from 'zod';
import { defineCommand } from '../command.js';
import { instantSchema, orderIdSchema, paymentIdSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/** The payment that has paid for an order. It says all that payment-succeeded says, so either of the two can be lost. */
export const paidPaymentSchema = z.object({
  paymentId: paymentIdSchema,
  amount: amountSchema,
  currency: currencySchema,
  paidAt: instantSchema,
});
export type PaidPayment = z.infer<typeof paidPaymentSchema>;

/**
 * order calls this before it cancels an unpaid order. After CLOSED no payment of the order can become PAID, and money
 * that still arrives is refunded. After ALREADY_PAID the order must not be cancelled, and is PAID by this payment.
 */
export const closePayment = defineCommand(
  'pay.close-payment',
  z.object({ orderId: orderIdSchema }),
  z.discriminatedUnion('outcome', [
    z.object({ ok: z.literal(true), outcome: z.literal('CLOSED') }),
    z.object({ ok: z.literal(true), outcome: z.literal('ALREADY_PAID'), payment: paidPaymentSchema }),
  ]),
);
