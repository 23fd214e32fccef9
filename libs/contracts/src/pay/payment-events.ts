import { z } from 'zod';
import { orderIdSchema } from '../identifiers.js';
import { defineMessage } from '../message.js';
import { paidPaymentSchema } from './close-payment.command.js';

/** pay writes it in the transaction that makes the payment PAID. */
export const paymentSucceeded = defineMessage(
  'payment-succeeded',
  ['pay'],
  z.object({ version: z.literal(1), orderId: orderIdSchema, ...paidPaymentSchema.shape }),
);
