import type { CreateCharge, ProviderCallback, ProviderCharge } from '@rocketshop/contracts';

/*
 * A charge is WAITING until its buyer pays, then PAID for ever, or until its merchant makes it VOID, then VOID for ever. The provider
 * does not know by itself that an order was closed meanwhile. It takes the money, and the shop must refund it.
 */

export type ChargeState = ProviderCharge['state'];

/** A request for money. An amount is decimal text of minor units, as on the wire. */
export interface Charge extends CreateCharge {
  readonly chargeId: string;
  readonly createdAt: string;
}

/** Money that moved from buyer to merchant. A charge has one transaction, or two if it was charged twice. */
export interface Transaction {
  readonly providerTxnId: string;
  readonly chargeId: string;
  readonly amount: string;
  readonly currency: string;
  readonly occurredAt: string;
}

/** Money that moved back to the buyer. */
export interface Refund {
  readonly refundId: string;
  readonly providerTxnId: string;
  readonly chargeId: string;
  readonly amount: string;
  readonly currency: string;
  readonly occurredAt: string;
}

/** A deliberate fault of a callback, which shows that the receiver notices it. */
interface Forgery {
  /** Signed with a random secret. */
  readonly badSignature?: boolean | undefined;
  /** Age of a correct signature, as of a recorded callback that is sent again. */
  readonly signatureAgeSeconds?: number | undefined;
}

/**
 * PENDING: in delivery, also after a restart. HELD: not sent until a request asks for it. DELIVERED: answered 2xx.
 * GIVEN_UP: the timetable has ended, or a forgery was refused.
 */
type CallbackState = 'PENDING' | 'HELD' | 'DELIVERED' | 'GIVEN_UP';

export interface Callback {
  readonly eventId: string;
  readonly chargeId: string;
  readonly url: string;
  readonly body: ProviderCallback;
  readonly forgery: Forgery | undefined;
  readonly state: CallbackState;
}
