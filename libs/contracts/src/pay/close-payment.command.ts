import { z } from 'zod';
import { deadlineSchema, defineCommand } from '../command.js';
import { orderIdSchema } from '../identifiers.js';

/**
 * order calls this before it cancels an unpaid order. After CLOSED no payment of the order can become PAID, and money
 * that still arrives is refunded. After ALREADY_PAID the order must not be cancelled.
 */
export const closePayment = defineCommand(
  'pay.close-payment',
  z.object({ orderId: orderIdSchema, deadline: deadlineSchema }),
  z.object({ ok: z.literal(true), outcome: z.enum(['CLOSED', 'ALREADY_PAID']) }),
);
