import { amountSchema, couponIdSchema, currencySchema, instantSchema } from '@rocketshop/contracts';
import { z } from 'zod';

const couponSchema = z.object({
  couponId: couponIdSchema,
  /** What the coupon takes off an order, in minor units as text. */
  discount: amountSchema,
  /** The least total of an order for which the coupon is accepted. */
  minimumTotal: amountSchema,
  currency: currencySchema,
  expiresAt: instantSchema,
  state: z.enum(['AVAILABLE', 'USED', 'EXPIRED']),
});
export const couponListSchema = z.array(couponSchema);
export type CouponList = z.infer<typeof couponListSchema>;
