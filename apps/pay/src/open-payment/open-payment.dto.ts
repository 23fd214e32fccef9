import { orderIdSchema } from '@rocketshop/contracts';
import { z } from 'zod';

/** The buyer names the order only. The order service tells the amount. */
export const openPaymentSchema = z.strictObject({ orderId: orderIdSchema });

export type OpenPaymentBody = z.infer<typeof openPaymentSchema>;
