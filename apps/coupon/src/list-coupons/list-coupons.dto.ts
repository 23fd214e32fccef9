import { amountSchema, couponIdSchema, currencySchema, instantSchema } from '@rocketshop/contracts';
import { z } from 'zod';

const couponSchema = z.object({
  couponId: couponIdSchema,
  /** What it takes off an order, minor units as text. */
  discount: amountSchema,
  /** The least total it is accepted for. */
  minimumTotal: amountSchema,
  currency: currencySchema,
  expiresAt: instantSchema,
  state: z.enum(['AVAILABLE', 'USED', 'EXPIRED']),
});
export const couponListSchema = z.array(couponSchema);
export type CouponList = z.infer<typeof couponListSchema>;
