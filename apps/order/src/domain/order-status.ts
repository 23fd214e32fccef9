import type { OrderStatus } from '@rocketshop/contracts';

/*
 * PENDING      pre-order: invisible, its flow is still deducting
 * CONFIRMED    visible, waiting for its payment
 * PAID         nothing is owed any more
 * CANCELLING   visible with its reason; stock, coupon, user and pay are undoing their part
 * CANCELLED    all four have answered
 */
const TRANSITIONS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['CONFIRMED', 'PAID', 'CANCELLING'],
  CONFIRMED: ['PAID', 'CANCELLING'],
  PAID: [],
  CANCELLING: ['CANCELLED'],
  CANCELLED: [],
};

/** Thrown when code asks for a transition that the table does not have: a mistake in the program, never a lost race. */
export class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError';
  readonly code = 'ILLEGAL_TRANSITION';
  readonly retriable = false;

  constructor(
    readonly from: OrderStatus,
    readonly to: OrderStatus,
  ) {
    super(`an order cannot go from ${from} to ${to}`);
  }
}

/** Checks a transition before an `UPDATE ... WHERE status = from`. @throws {IllegalTransitionError} */
export function assertTransition(from: OrderStatus, to: OrderStatus): void {
  if (!TRANSITIONS[from].includes(to)) throw new IllegalTransitionError(from, to);
}

/** Nobody may see a pre-order, not even its buyer. */
export function isVisible(status: OrderStatus): boolean {
  return status !== 'PENDING';
}

/** Who cancelled an order. */
export const CANCELLED_BY = ['flow', 'buyer', 'timer', 'sweeper'] as const;
export type CancelledBy = (typeof CANCELLED_BY)[number];
/** Who may ask to cancel a CONFIRMED order. The flow cancels PENDING orders only. */
export type CancelRequestedBy = Exclude<CancelledBy, 'flow'>;
