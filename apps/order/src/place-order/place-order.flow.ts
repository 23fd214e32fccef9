import type { PlaceOrderSteps } from './place-order.steps.js';

/** Why a step did not do what it was asked to: a business refusal with a code, never a fault. */
export interface StepRefusal {
  readonly ok: false;
  readonly code: string;
  readonly detail: string;
}

export type StepResult = { readonly ok: true } | StepRefusal;

export interface FlowStep {
  readonly name: keyof PlaceOrderSteps;
  /** What makes this step's effect good again. The cancel message reaches all of them, whether their step ran or not. */
  readonly undoneBy: string;
}

/*
 * The whole order flow. Before `pre-order` there is nothing to undo. From then on a refusal, a fault or a time-out sets the
 * order CANCELLING and publishes order-cancelled; nobody guesses which steps had taken effect: the participants' success
 * logs know. `confirm` is the point of no return: after it the order is undone by the buyer or by the close timer only.
 */
export const PLACE_ORDER_FLOW = [
  { name: 'quote', undoneBy: 'nothing: it only asks' },
  { name: 'preOrder', undoneBy: 'cancel-order: PENDING -> CANCELLING' },
  { name: 'deductStock', undoneBy: 'stock/restore-stock' },
  { name: 'useCoupon', undoneBy: 'coupon/release-coupon' },
  { name: 'deductBalance', undoneBy: 'user/return-balance' },
  { name: 'confirm', undoneBy: 'nothing: the point of no return' },
] as const satisfies readonly FlowStep[];

/** Steps up to and including this one leave nothing behind when they fail. */
export const LAST_STEP_WITHOUT_TRACE = 'preOrder' satisfies FlowStep['name'];
