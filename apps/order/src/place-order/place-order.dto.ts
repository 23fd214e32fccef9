import { amountSchema, couponIdSchema, strictOrderLinesSchema } from '@rocketshop/contracts';
import { z } from 'zod';

/** The buyer sends ids, quantities, and how much of the balance to use. Any other field, such as a price, is refused. */
export const placeOrderSchema = z.strictObject({
  items: strictOrderLinesSchema,
  couponId: couponIdSchema.optional(),
  balanceToUse: amountSchema.default('0'),
});

export type PlaceOrderBody = z.infer<typeof placeOrderSchema>;
