import { randomUUID } from 'node:crypto';
import { namedStatement, type TransactionClient } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { PaymentRow } from '../database/statements.js';

export interface RefundReason {
  readonly providerTxnId: string;
  readonly amount: bigint;
  readonly currency: string;
  /** LATE: the order was closed before the money came. DOUBLE: the order was paid before. */
  readonly reason: 'LATE' | 'DOUBLE';
}

/** Writes down, in the caller's transaction, that money goes back. The same transaction of the provider is written once. */
export async function requestRefund(
  client: TransactionClient,
  payment: PaymentRow,
  refund: RefundReason,
): Promise<void> {
  await namedStatement(client, statements.insertRefund, [
    randomUUID(),
    payment.payment_id,
    payment.order_id,
    refund.providerTxnId,
    refund.amount,
    refund.currency,
    refund.reason,
  ]);
}
