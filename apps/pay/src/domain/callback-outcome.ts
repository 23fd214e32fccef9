import type { ProviderCallback } from '@rocketshop/contracts';
import type { PaymentOrderStatus, PaymentStatus } from './payment-status.js';

/*
 * The outcome of a callback. The first four are answered with 2xx, since the same callback again would change nothing.
 *   PAID             the payment is PAID by this money
 *   ALREADY_COUNTED  the payment is PAID by this transaction of the provider already
 *   REFUNDING        the order takes no money any more, or is paid by another transaction: the money is refunded
 *   REFUND_NOTED     the callback tells of a refund; only the answer to our own request makes a refund final
 * EVENT_ID_REUSED: another event had this id. It is never decided, since one of the two is not what the provider says that it is.
 */
export const ACCEPTED_OUTCOMES = ['PAID', 'ALREADY_COUNTED', 'REFUNDING', 'REFUND_NOTED'] as const;
const REFUSED_OUTCOMES = [
  'EVENT_ID_REUSED',
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

/** What the database has about a callback. */
export interface CallbackFacts {
  /** The outcome of the same event before; null when the event is new. */
  readonly earlierOutcome: CallbackOutcome | null;
  /** Whether the same event id has come with other content. */
  readonly isOtherContent: boolean;
  /** Null when there is no such payment. */
  readonly payment: {
    /** Null in a row of an older version. */
    readonly merchantId: string | null;
    readonly orderId: string;
    readonly amount: bigint;
    readonly currency: string;
    readonly status: PaymentStatus;
    readonly providerTxnId: string | null;
    readonly orderStatus: PaymentOrderStatus;
  } | null;
  /** Whether the provider's transaction belongs to another payment, paid or refunded. It can pay for one payment only. */
  readonly isForeign: boolean;
}

/**
 * Decides the outcome of a genuine callback, or of a transaction that the provider has told when it was asked. An accepted event keeps its outcome. A refused event is decided again, since the row
 * that was missing may exist by now.
 * @param merchantId our id now, for a payment that does not keep the one of its charge
 */
export function decideOnCallback(event: ProviderCallback, facts: CallbackFacts, merchantId: string): CallbackOutcome {
  const { earlierOutcome, payment, isForeign, isOtherContent } = facts;
  if (isOtherContent) return 'EVENT_ID_REUSED';
  if (earlierOutcome && isAccepted(earlierOutcome)) return earlierOutcome;
  if (event.merchantId !== (payment?.merchantId ?? merchantId)) return 'WRONG_MERCHANT';
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
