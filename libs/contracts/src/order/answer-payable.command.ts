import { z } from 'zod';
import { defineRead, refusal } from '../command.js';
import { orderIdSchema, userIdSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/**
 * pay asks whether the user owns the order, and how much is to be paid. Only a CONFIRMED order is payable. ORDER_BEING_CANCELLED:
 * the order is CONFIRMED, but somebody has asked to cancel it, and pay has not been heard yet.
 */
export const answerPayable = defineRead(
  'order.answer-payable',
  z.object({ orderId: orderIdSchema, userId: userIdSchema }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), orderId: orderIdSchema, payable: amountSchema, currency: currencySchema }),
    refusal(['ORDER_NOT_FOUND', 'ORDER_NOT_PAYABLE', 'ORDER_BEING_CANCELLED']),
  ]),
);
