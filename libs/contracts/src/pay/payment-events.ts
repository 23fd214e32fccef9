import { z } from 'zod';
import { instantSchema, orderIdSchema, paymentIdSchema } from '../identifiers.js';
import { defineMessage } from '../message.js';
import { amountSchema, currencySchema } from '../money.js';

/** pay writes it in the transaction that makes the payment PAID. */
export const paymentSucceeded = defineMessage(
  'payment-succeeded',
  z.object({
    version: z.literal(1),
    orderId: orderIdSchema,
    paymentId: paymentIdSchema,
    amount: amountSchema,
    currency: currencySchema,
    paidAt: instantSchema,
  }),
);
