import { z } from 'zod';
import { orderIdSchema } from '../identifiers.js';
import { defineMessage } from '../message.js';

const timer = z.object({ version: z.literal(1), orderId: orderIdSchema });

/** Delayed: a pre-order that is still PENDING when this arrives has lost its flow and is cancelled. */
export const abandonOrder = defineMessage('abandon-order', timer);

/** Delayed: an order that is still CONFIRMED when this arrives is closed, after pay was asked. */
export const closeUnpaidOrder = defineMessage('close-unpaid-order', timer);
