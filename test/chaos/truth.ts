import type { OrderRecord } from '@rocketshop/shop-testkit';
import type { Told } from './buyer.js';

/** One broken promise, and the order that it is about. */
export interface Untruth {
  readonly order: number;
  readonly text: string;
}

type Record = Pick<OrderRecord, 'order_id' | 'user_id' | 'status' | 'idempotency_key'>;

/**
 * Compares what buyers were told with the orders as they are at the end:
 *   201 to POST /orders    the order exists, and is the buyer's
 *   the same key           has one answer for ever, and made one order
 *   202 to a cancel        CANCELLED, or PAID, which the buyer is told when he reads the order
 *   ALREADY_PAID           PAID
 *   PAID, CANCELLED        once read, for ever
 */
export function findUntruths(told: readonly Told[], orders: readonly Record[]): Untruth[] {
  const byId = new Map(orders.map((order) => [order.order_id, order]));
  return told.flatMap((buyer) => untruthsOf(buyer, byId).map((text) => ({ order: buyer.plan.index, text })));
}

function untruthsOf({ plan, placed, cancels, statuses }: Told, orders: ReadonlyMap<string, Record>): string[] {
  const untruths: string[] = [];
  // A refusal that names no order is not kept: the same key may be answered otherwise later.
  const kept = placed.filter(({ status, body }) => status === 201 || body.orderId !== undefined);
  const different = new Set(kept.map(({ status, body }) => `${status} ${body.code ?? ''} ${body.orderId}`));
  if (different.size > 1)
    untruths.push(`the key ${plan.key} was answered in ${different.size} ways: ${[...different].join('; ')}`);
  for (const { status, body } of kept.slice(0, 1)) {
    const order = orders.get(body.orderId);
    if (!order) untruths.push(`${status} names order ${body.orderId}, which does not exist`);
    else untruths.push(...contradictions(plan, status, order, cancels, statuses));
  }
  return untruths;
}

function contradictions(
  plan: Told['plan'],
  answered: number,
  { order_id, user_id, status, idempotency_key }: Record,
  cancels: readonly string[],
  statuses: readonly string[],
): string[] {
  const found: string[] = [];
  const isFinal = status === 'PAID' || status === 'CANCELLED';
  if (user_id !== plan.userId || idempotency_key !== plan.key)
    found.push(`order ${order_id} is not the one of this buyer and key`);
  if (!isFinal) found.push(`order ${order_id} ended ${status}`);
  if (answered !== 201 && status !== 'CANCELLED')
    found.push(`order ${order_id} is ${status}, and its buyer was told ${answered}`);
  if (cancels.includes('ORDER_ALREADY_PAID') && status !== 'PAID') {
    found.push(`order ${order_id} is ${status}, and its cancel was answered ALREADY_PAID`);
  }
  for (const read of new Set(statuses)) {
    if ((read === 'PAID' || read === 'CANCELLED') && read !== status)
      found.push(`order ${order_id} is ${status} after it was ${read}`);
    if (read === 'CANCELLING' && status !== 'CANCELLED')
      found.push(`order ${order_id} is ${status} after it was CANCELLING`);
  }
  return found;
}
