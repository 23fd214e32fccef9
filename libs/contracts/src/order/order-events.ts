import { z } from 'zod';
import { text } from '../text.js';
import { couponIdSchema, instantSchema, orderIdSchema, orderLinesSchema, userIdSchema } from '../identifiers.js';
import { defineMessage } from '../message.js';
import { amountSchema, currencySchema } from '../money.js';
import { PARTICIPANTS, participantSchema } from './order-status.js';

/** Everything that a participant needs to undo its part, or to fence it if it never ran. Four groups consume it. */
export const orderCancelled = defineMessage(
  'order-cancelled',
  ['order'],
  z.object({
    version: z.literal(1),
    orderId: orderIdSchema,
    userId: userIdSchema,
    items: orderLinesSchema,
    couponId: couponIdSchema.nullable(),
    balanceUsed: amountSchema,
    currency: currencySchema,
    reason: text(),
    cancelledAt: instantSchema,
  }),
);

/**
 * A participant's answer to order-cancelled. RESTORED: the participant had deducted and has given back.
 * FENCED: the participant had not deducted, and never will for this order.
 */
export const orderCompensated = defineMessage(
  'order-compensated',
  PARTICIPANTS,
  z.object({
    version: z.literal(1),
    orderId: orderIdSchema,
    participant: participantSchema,
    outcome: z.enum(['RESTORED', 'FENCED']),
    compensatedAt: instantSchema,
  }),
);
