import { paymentSucceeded, type PayloadOf, type ProviderCallback } from '@rocketshop/contracts';
import { outboxInsert } from '@rocketshop/outbox';
import { bindLine, traceHeaders, type BoundStatement } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';

/**
 * What makes a payment PAID and tells order, in one transaction. Refused unless the order is open and the payment is the one
 * that `event` describes, so that the event's words may be passed on as the payment's own.
 */
export function payStatements(event: ProviderCallback): readonly BoundStatement[] {
  const { orderId, paymentId, providerTxnId, amount, currency } = event;
  const paidAt = new Date().toISOString();
  const payload: PayloadOf<typeof paymentSucceeded> = { version: 1, orderId, paymentId, amount, currency, paidAt };
  return [
    bindLine(statements.payPaymentOrder, [orderId]),
    bindLine(statements.payPayment, [paymentId, providerTxnId, paidAt, orderId, amount, currency]),
    outboxInsert([{ topic: paymentSucceeded.topic, key: orderId, payload, headers: traceHeaders() }]),
  ];
}
