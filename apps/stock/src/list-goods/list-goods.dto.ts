import { amountSchema, currencySchema, goodsIdSchema } from '@rocketshop/contracts';
import { z } from 'zod';

const goodsSchema = z.object({
  goodsId: goodsIdSchema,
  name: z.string(),
  unitPrice: amountSchema,
  currency: currencySchema,
  /** How many can be ordered at this moment. Nothing is reserved. */
  available: z.int(),
});
export const goodsListSchema = z.array(goodsSchema);
export type GoodsList = z.infer<typeof goodsListSchema>;
