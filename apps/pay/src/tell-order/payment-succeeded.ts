import { paymentSucceeded } from '@rocketshop/contracts';
import type { PayloadOf } from '@rocketshop/contracts';
import type { OutboxRow } from '@rocketshop/outbox';
import { traceHeaders } from '@rocketshop/service-defaults';

/** payment-succeeded as a row for the outbox. Order counts a payment once, so the message may be written again. */
export function paymentSucceededRow(payment: Omit<PayloadOf<typeof paymentSucceeded>, 'version'>): OutboxRow {
  const payload: PayloadOf<typeof paymentSucceeded> = { version: 1, ...payment };
  return { topic: paymentSucceeded.topic, key: payment.orderId, payload, headers: traceHeaders() };
}
