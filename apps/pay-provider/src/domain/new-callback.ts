import type { ProviderCallback } from '@rocketshop/contracts';
import type { Callback, Charge, Transaction } from './charge.js';
import { newId } from './new-id.js';

/** The callback that informs the merchant of a movement of money. `claim` replaces fields of the body by false ones. */
export function newCallback(
  type: ProviderCallback['type'],
  charge: Charge,
  movement: Transaction,
  claim: Partial<ProviderCallback> = {},
): Callback {
  const eventId = newId('evt');
  const { chargeId, callbackUrl, merchantId, paymentId, orderId } = charge;
  const { providerTxnId, amount, currency, occurredAt } = movement;
  const truth = { eventId, type, merchantId, paymentId, orderId, providerTxnId, amount, currency, occurredAt };
  return {
    eventId,
    chargeId,
    url: callbackUrl,
    body: { ...truth, ...claim },
    forgery: undefined,
    state: 'PENDING',
  };
}
