import type { CreateCharge, ProviderCallback } from '@rocketshop/contracts';

/*
 * A charge is WAITING until its buyer pays, then PAID for ever. The provider knows nothing of orders that were closed
 * meanwhile: it takes the money, and it is the shop's part to give it back.
 */

/** A request for money. Amounts are decimal text of minor units, as on the wire. */
export interface Charge extends CreateCharge {
  readonly chargeId: string;
  readonly createdAt: string;
}

/** Money that moved from buyer to merchant. A charge has one, or two where it was charged twice. */
export interface Transaction {
  readonly providerTxnId: string;
  readonly chargeId: string;
  readonly amount: string;
  readonly currency: string;
  readonly occurredAt: string;
}

/** Money that moved back. */
export interface Refund {
  readonly refundId: string;
  readonly providerTxnId: string;
  readonly chargeId: string;
  readonly amount: string;
  readonly currency: string;
  readonly occurredAt: string;
}

/** How a callback is made to look wrong, for showing that the receiver notices. */
interface Forgery {
  /** Signed with a secret that is nobody's. */
  readonly badSignature?: boolean | undefined;
  /** Signed correctly that many seconds ago, as a recorded callback that is played again. */
  readonly signatureAgeSeconds?: number | undefined;
}

/**
 * PENDING: being delivered, also after a restart. HELD: silent until asked for. DELIVERED: answered 2xx.
 * GIVEN_UP: the timetable is through, or a forgery was refused.
 */
export type CallbackState = 'PENDING' | 'HELD' | 'DELIVERED' | 'GIVEN_UP';

export interface Callback {
  readonly eventId: string;
  readonly chargeId: string;
  readonly url: string;
  readonly body: ProviderCallback;
  readonly forgery: Forgery | undefined;
  readonly state: CallbackState;
}
