import { randomUUID } from 'node:crypto';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import type { OrderItemRow, OrderRow } from '../database/statements.js';
import type { OrderTotal } from '../domain/order-total.js';
import type { OrderView } from '../read-order/order-view.js';
import type { PlaceOrderBody } from './place-order.dto.js';

/** What one run of the flow knows, filled in step by step. */
export interface PlaceOrderRun {
  readonly orderId: string;
  readonly userId: string;
  readonly body: PlaceOrderBody;
  readonly claim: IdempotencyClaim;
  /** ms since the epoch; travels in the calls, and a participant past it refuses. */
  readonly deadline: number;
  currency?: string;
  items?: readonly OrderItemRow[];
  total?: OrderTotal;
  preOrder?: PreOrder;
  confirmed?: OrderView;
}

/** What only the database could say of the row. */
export type PreOrderTimes = Pick<OrderRow, 'created_at' | 'abandon_at'>;

export interface PreOrder {
  readonly times: PreOrderTimes;
  /** When the row came back, on the process's own clock that is never set. */
  readonly answeredAtMs: number;
}

export const newPlaceOrderRun = (
  init: Pick<PlaceOrderRun, 'userId' | 'body' | 'claim' | 'deadline'>,
): PlaceOrderRun => ({ orderId: randomUUID(), ...init });

export function quoted(run: PlaceOrderRun) {
  const { total, currency, items } = run;
  if (!total || !currency || !items) throw new Error('the flow ran a step before its quote');
  return { total, currency, items };
}

export function preOrdered({ preOrder }: PlaceOrderRun): PreOrder {
  if (!preOrder) throw new Error('the flow ran a step before its pre-order');
  return preOrder;
}

interface Decision {
  readonly status: 'CONFIRMED' | 'PAID';
  readonly at: Date;
  readonly closeAt: Date | null;
}

/** The row as pre-order wrote it and confirm decides. In one literal: V8 makes a copy of so many fields one by one. */
export function decidedRow(run: PlaceOrderRun, { status, at, closeAt }: Decision): OrderRow {
  const { times } = preOrdered(run);
  const { total, currency } = quoted(run);
  return {
    order_id: run.orderId,
    user_id: run.userId,
    status,
    currency,
    total: total.total,
    discount: total.discount,
    balance_used: total.balanceUsed,
    payable: total.payable,
    coupon_id: run.body.couponId ?? null,
    idempotency_key: run.claim.key,
    created_at: times.created_at,
    abandon_at: times.abandon_at,
    confirmed_at: at,
    close_at: closeAt,
    paid_at: status === 'PAID' ? at : null,
    payment_id: null,
    late_payment_id: null,
    cancel_reason: null,
    cancel_detail: null,
    cancelled_by: null,
    cancelling_at: null,
    cancel_sent_at: null,
    cancelled_at: null,
  };
}
