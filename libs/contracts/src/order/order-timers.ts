import { z } from 'zod';
import { orderIdSchema } from '../identifiers.js';
import { defineMessage } from '../message.js';

const timer = z.object({ version: z.literal(1), orderId: orderIdSchema });

/** A delayed message. A pre-order that is PENDING when it arrives has lost its flow and is cancelled. */
export const abandonOrder = defineMessage('abandon-order', ['order'], timer);

/** A delayed message. An order that is CONFIRMED when it arrives is closed, after pay has closed the payment. */
export const closeUnpaidOrder = defineMessage('close-unpaid-order', ['order'], timer);
