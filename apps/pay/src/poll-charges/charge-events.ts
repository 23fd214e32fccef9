import type { ChargeReading, ProviderCallback } from '@rocketshop/contracts';
import { createHash } from 'node:crypto';

/**
 * The transactions of a charge as the events by which the provider would have told them. The id of such an event follows from what was
 * read, so that the same transaction read again is the same event. A transaction that was wrong and that the provider has corrected is
 * another one, and is decided again. Whatever tells of a transaction, it counts once.
 */
export const eventsOf = ({ merchantId, paymentId, orderId, transactions }: ChargeReading): ProviderCallback[] =>
  transactions.map(({ providerTxnId, amount, currency, occurredAt }) => {
    const read = { merchantId, paymentId, orderId, providerTxnId, amount, currency, occurredAt };
    return { eventId: `read:${digestOf(read)}`, type: 'payment.succeeded', ...read };
  });

const digestOf = (read: object): string => createHash('sha256').update(JSON.stringify(read)).digest('base64url');
