import { z } from 'zod';
import { deadlineSchema, defineCommand, refusal } from '../command.js';
import { couponIdSchema, orderIdSchema, userIdSchema } from '../identifiers.js';
import { amountSchema, currencySchema } from '../money.js';

/** Eligibility and discount are the coupon service's word. The discount is never more than the total. */
export const quoteCoupon = defineCommand(
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

/** Undone by order-cancelled. The same order again returns the first answer. Somebody else's coupon is not found. */
export const useCoupon = defineCommand(
  'coupon.use-coupon',
  z.object({
    orderId: orderIdSchema,
    couponId: couponIdSchema,
    userId: userIdSchema,
    discount: amountSchema,
    deadline: deadlineSchema,
  }),
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    refusal(['COUPON_NOT_FOUND', 'COUPON_USED', 'COUPON_EXPIRED', 'ORDER_FENCED', 'DEADLINE_PASSED']),
  ]),
);
