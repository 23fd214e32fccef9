import type { ChargeReading, ProviderCallback } from '@rocketshop/contracts';

/**
 * The transactions of a charge as the events by which the provider would have told them. The id of such an event follows from the
 * transaction, so that the same transaction read again is the same event. Whatever tells of a transaction, it counts once.
 */
export const eventsOf = ({ merchantId, paymentId, orderId, transactions }: ChargeReading): ProviderCallback[] =>
  transactions.map(({ providerTxnId, amount, currency, occurredAt }) => ({
    eventId: `read:${providerTxnId}`,
    type: 'payment.succeeded',
    merchantId,
    paymentId,
    orderId,
    providerTxnId,
    amount,
    currency,
    occurredAt,
  }));
