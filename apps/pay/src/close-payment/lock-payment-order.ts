import { namedStatement, type TransactionClient } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { PaymentOrderRow } from '../database/statements.js';
import type { PaymentOrderStatus } from '../domain/payment-status.js';

/**
 * Locks the order's fence, making it with `whenNew` where nobody was here before.
 * Always the first thing a transaction does to an order's payments.
 */
export async function lockPaymentOrder(
  client: TransactionClient,
  orderId: string,
  whenNew: Extract<PaymentOrderStatus, 'OPEN' | 'CLOSED'>,
): Promise<{ readonly status: PaymentOrderStatus; readonly isNew: boolean }> {
  const inserted = await namedStatement(client, statements.insertPaymentOrder, [orderId, whenNew]);
  const { rows } = await namedStatement<PaymentOrderRow>(client, statements.lockPaymentOrder, [orderId]);
  const [order] = rows;
  if (!order) throw new Error(`the payment order ${orderId} vanished while it was being locked`);
  return { status: order.status, isNew: inserted.rowCount === 1 };
}
