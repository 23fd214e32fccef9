import { z } from 'zod';
import { defineCommand } from '../command.js';
import { orderIdSchema } from '../identifiers.js';

/**
 * Asked before an unpaid order may be cancelled. After CLOSED no payment of this order can become PAID any more:
 * money that still arrives is refunded. ALREADY_PAID: the order must not be cancelled.
 */
export const closePayment = defineCommand(
  'pay.close-payment',
  z.object({ orderId: orderIdSchema }),
  z.object({ ok: z.literal(true), outcome: z.enum(['CLOSED', 'ALREADY_PAID']) }),
);
