import { orderIdSchema } from '@rocketshop/contracts';
import { z } from 'zod';

/** Which order; how much is order's word. */
export const openPaymentSchema = z.strictObject({ orderId: orderIdSchema });

export type OpenPaymentBody = z.infer<typeof openPaymentSchema>;
