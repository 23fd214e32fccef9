import { amountSchema, couponIdSchema, strictOrderLinesSchema } from '@rocketshop/contracts';
import { z } from 'zod';

/** What a buyer may ask for: ids, quantities, and how much of the balance to use. Prices come from their owners; any other field is refused. */
export const placeOrderSchema = z.strictObject({
  items: strictOrderLinesSchema,
  couponId: couponIdSchema.optional(),
  balanceToUse: amountSchema.default('0'),
});

export type PlaceOrderBody = z.infer<typeof placeOrderSchema>;
