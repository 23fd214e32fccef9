import { z } from 'zod';
import { defineCommand, defineRead, refusal } from '../command.js';
import { couponIdSchema, orderIdSchema, userIdSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/** The coupon service alone decides on eligibility and discount. The discount never exceeds the total. */
export const quoteCoupon = defineRead(
  'coupon.quote-coupon',
  z.object({ couponId: couponIdSchema, userId: userIdSchema, total: amountSchema, currency: currencySchema }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), discount: amountSchema }),
    refusal([
      'COUPON_NOT_FOUND',
      'COUPON_USED',
      'COUPON_EXPIRED',
      'COUPON_MINIMUM_NOT_REACHED',
      'COUPON_WRONG_CURRENCY',
    ]),
  ]),
);

/** order-cancelled undoes it. A second call for an order returns the first answer. Other users' coupons are not found. */
export const useCoupon = defineCommand(
  'coupon.use-coupon',
  z.object({
    orderId: orderIdSchema,
    couponId: couponIdSchema,
    userId: userIdSchema,
    discount: amountSchema,
  }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['COUPON_NOT_FOUND', 'COUPON_USED', 'COUPON_EXPIRED', 'ORDER_FENCED', 'DEADLINE_PASSED']),
  ]),
);
