import { randomUUID } from 'node:crypto';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import type { DeadlineInstant } from '@rocketshop/pg';
import type { OrderItemEntity } from '../database/entities/order-item.entity.js';
import type { OrderEntity } from '../database/entities/order.entity.js';
import type { OrderTotal } from '../domain/order-total.js';
import type { OrderView } from '../read-order/read-order.dto.js';
import type { PlaceOrderBody } from './place-order.dto.js';

/** The state of one run of the flow. Each step adds its result. */
export interface PlaceOrderRun {
  readonly orderId: string;
  readonly userId: string;
  readonly body: PlaceOrderBody;
  readonly claim: IdempotencyClaim;
  /** The end of the flow. Every remote call tells the time left, and a participant refuses a call that has none. */
  readonly deadline: DeadlineInstant;
  quote?: Quote;
  preOrder?: PreOrder;
  confirmed?: OrderView;
}

export interface Quote extends OrderTotal {
  readonly currency: string;
  readonly items: readonly OrderItemEntity[];
}

/** The instants that the insert of the order returned, by the database's clock. */
export type PreOrderTimes = Pick<OrderEntity, 'createdAt' | 'abandonAt'>;

export interface PreOrder extends PreOrderTimes {
  /** When the insert was answered, by the monotonic clock of this process. */
  readonly answeredAtMs: number;
}

export const newPlaceOrderRun = (
  init: Pick<PlaceOrderRun, 'userId' | 'body' | 'claim' | 'deadline'>,
): PlaceOrderRun => ({ orderId: randomUUID(), ...init });

export function quoted({ quote }: PlaceOrderRun): Quote {
  if (!quote) throw new Error('the flow ran a step before its quote');
  return quote;
}

function preOrdered({ preOrder }: PlaceOrderRun): PreOrder {
  if (!preOrder) throw new Error('the flow ran a step before its pre-order');
  return preOrder;
}

/**
 * The order's row as confirm writes it. An order with nothing left to pay is PAID at once, and no timer closes it.
 * @param unpaidTimeoutMs how long a CONFIRMED order waits for its payment
 */
export function confirmedOrder(run: PlaceOrderRun, unpaidTimeoutMs: number): OrderEntity {
  const { createdAt, abandonAt, answeredAtMs } = preOrdered(run);
  const { currency, total, discount, balanceUsed, payable } = quoted(run);
  // All replicas and timers compare with the database's clock. The pre-order has read it; reading it again costs a round trip.
  const now = new Date(createdAt.getTime() + Math.round(performance.now() - answeredAtMs));
  const isPaid = payable === 0n;
  return {
    orderId: run.orderId,
    userId: run.userId,
    status: isPaid ? 'PAID' : 'CONFIRMED',
    currency,
    total,
    discount,
    balanceUsed,
    payable,
    couponId: run.body.couponId ?? null,
    idempotencyKey: run.claim.key,
    createdAt,
    abandonAt,
    confirmedAt: now,
    closeAt: isPaid ? null : new Date(now.getTime() + unpaidTimeoutMs),
    paidAt: isPaid ? now : null,
    paymentId: null,
    latePaymentId: null,
    cancelRequestedAt: null,
    cancelRequestedBy: null,
    cancelReason: null,
    cancelDetail: null,
    cancelledBy: null,
    cancellingAt: null,
    cancelSentAt: null,
    cancelledAt: null,
    attempts: 0,
    nextAttemptAt: null,
  };
}
