import type { ProviderCallback } from '@rocketshop/contracts';
import type { PaymentOrderStatus, PaymentStatus } from './payment-status.js';

/*
 * What became of a callback. The first four are answered with 2xx: the provider cannot do better by telling again.
 *   PAID             the payment is PAID by this money
 *   ALREADY_COUNTED  it is PAID by this very transaction of the provider
 *   REFUNDING        the order takes no money any more, or is paid by another transaction: this money goes back
 *   REFUND_NOTED     the provider tells of a refund; the answer to our own refund request is what makes it final
 */
export const ACCEPTED_OUTCOMES = ['PAID', 'ALREADY_COUNTED', 'REFUNDING', 'REFUND_NOTED'] as const;
const REFUSED_OUTCOMES = [
  'UNKNOWN_PAYMENT',
  'WRONG_MERCHANT',
  'WRONG_ORDER',
  'WRONG_AMOUNT',
  'WRONG_CURRENCY',
  'WRONG_TRANSACTION',
] as const;

export const CALLBACK_OUTCOMES = [...ACCEPTED_OUTCOMES, ...REFUSED_OUTCOMES] as const;
export type CallbackOutcome = (typeof CALLBACK_OUTCOMES)[number];

export const isAccepted = (outcome: CallbackOutcome): boolean =>
  (ACCEPTED_OUTCOMES as readonly string[]).includes(outcome);

/** What the database knows of a callback. */
export interface CallbackFacts {
  /** What became of the same event before; null where it is new. */
  readonly earlierOutcome: CallbackOutcome | null;
  /** Null where there is no such payment. */
  readonly payment: {
    readonly orderId: string;
    readonly amount: bigint;
    readonly currency: string;
    readonly status: PaymentStatus;
    readonly providerTxnId: string | null;
    readonly orderStatus: PaymentOrderStatus;
  } | null;
  /** Whether the provider's transaction was counted for, or goes back to, another payment. The same money pays once. */
  readonly isForeign: boolean;
}

/**
 * Decides what becomes of a genuine callback. An event that was accepted keeps its outcome. One that was refused is looked at
 * again, since the row that it missed may be there by now.
 */
export function decideOnCallback(event: ProviderCallback, facts: CallbackFacts, merchantId: string): CallbackOutcome {
  const { earlierOutcome, payment, isForeign } = facts;
  if (earlierOutcome && isAccepted(earlierOutcome)) return earlierOutcome;
  if (event.merchantId !== merchantId) return 'WRONG_MERCHANT';
  if (!payment) return 'UNKNOWN_PAYMENT';
  if (payment.orderId !== event.orderId) return 'WRONG_ORDER';
  if (payment.currency !== event.currency) return 'WRONG_CURRENCY';
  if (payment.amount !== BigInt(event.amount)) return 'WRONG_AMOUNT';
  if (event.type === 'refund.succeeded') return 'REFUND_NOTED';
  if (isForeign) return 'WRONG_TRANSACTION';
  return decideOnMoney(payment.orderStatus, payment.status, payment.providerTxnId, event.providerTxnId);
}

/**
 * Decides what to do with money that has arrived for a payment.
 * @param knownTxnId the provider's transaction that made the payment PAID, if one has
 */
export function decideOnMoney(
  order: PaymentOrderStatus,
  payment: PaymentStatus,
  knownTxnId: string | null,
  arrivedTxnId: string,
): 'PAID' | 'ALREADY_COUNTED' | 'REFUNDING' {
  if (payment === 'PAID') return knownTxnId === arrivedTxnId ? 'ALREADY_COUNTED' : 'REFUNDING';
  return order === 'OPEN' && payment !== 'CLOSED' ? 'PAID' : 'REFUNDING';
}
