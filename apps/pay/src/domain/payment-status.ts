/*
 * A payment:
 *   CREATED  our row; the provider has not confirmed the charge yet
 *   PAYING   the provider has the charge; the buyer may pay it
 *   PAID     the provider has told us, in a signed callback or because we asked
 *   CLOSED   nobody may pay it any more; money that comes later is refunded
 *
 * The order's row in payment_orders is the fence of all its payments:
 *   OPEN     a payment may be opened or become PAID
 *   PAID     exactly one payment is PAID
 *   CLOSED   no payment of this order can become PAID
 *
 * The charge of a payment, as the provider has told it last:
 *   ABSENT   the provider has no such charge, and may get the request later
 *   WAITING  the buyer may pay
 *   PAID     the buyer has paid
 *   VOID     nobody can pay any more
 */
export type PaymentStatus = 'CREATED' | 'PAYING' | 'PAID' | 'CLOSED';
export type ChargeState = 'ABSENT' | 'WAITING' | 'PAID' | 'VOID';
export type PaymentOrderStatus = 'OPEN' | 'PAID' | 'CLOSED';

const PAYMENT_TRANSITIONS: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  CREATED: ['PAYING', 'PAID', 'CLOSED'],
  PAYING: ['PAID', 'CLOSED'],
  PAID: [],
  CLOSED: [],
};

/** Thrown when code asks for a transition that the table does not have: a mistake in the program, never a lost race. */
export class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError';
  readonly code = 'ILLEGAL_TRANSITION';
  readonly retriable = false;

  constructor(
    readonly from: PaymentStatus,
    readonly to: PaymentStatus,
  ) {
    super(`a payment cannot go from ${from} to ${to}`);
  }
}

/** @throws {IllegalTransitionError} */
export function assertTransition(from: PaymentStatus, to: PaymentStatus): void {
  if (!PAYMENT_TRANSITIONS[from].includes(to)) throw new IllegalTransitionError(from, to);
}
