import type { PlaceOrderSteps } from './place-order.steps.js';

/*
 * The whole order flow.
 *
 *   step            what it does                                           what undoes it
 *   quote           asks stock, coupon and user for price and discount     nothing: it only asks
 *   preOrder        writes the order, PENDING, which nobody sees           cancel-order: PENDING -> CANCELLING
 *   deductStock     takes the goods                                        stock/restore-stock
 *   useCoupon       takes the coupon                                       coupon/release-coupon
 *   deductBalance   takes a part of the buyer's balance                    user/return-balance
 *   confirm         CONFIRMED, or PAID when nothing is left to pay         nothing: it is the point of no return
 *
 * A refusal, a fault or a time-out after preOrder sets the order CANCELLING and publishes order-cancelled. The message reaches
 * all participants, whether their step ran or not: their success logs know what there is to undo. After confirm the order is
 * undone by the buyer or by the close timer only.
 */
export const PLACE_ORDER_FLOW = [
  'quote',
  'preOrder',
  'deductStock',
  'useCoupon',
  'deductBalance',
  'confirm',
] as const satisfies readonly (keyof PlaceOrderSteps)[];

/** After this step an order exists that may have to be undone. A step that fails earlier leaves nothing behind. */
export const FIRST_STEP_TO_UNDO: (typeof PLACE_ORDER_FLOW)[number] = 'preOrder';
