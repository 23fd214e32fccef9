import type { Callback, Charge, Refund, Transaction } from './charge.js';

/** The events of the provider. The file is a list of events, and replaying the list gives the state. */
export type ProviderEvent =
  | { readonly kind: 'charge-created'; readonly charge: Charge }
  | {
      readonly kind: 'charge-paid';
      readonly transactions: readonly Transaction[];
      readonly callbacks: readonly Callback[];
    }
  /** Also for a payment that has no charge yet: then none is created any more. */
  | {
      readonly kind: 'charge-voided';
      readonly merchantId: string;
      readonly paymentId: string;
      readonly occurredAt: string;
    }
  /** Everything before is forgotten, for a demo that begins again. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'refunded'; readonly refund: Refund; readonly callback: Callback }
  | { readonly kind: 'callback-settled'; readonly eventId: string; readonly state: 'DELIVERED' | 'GIVEN_UP' };
