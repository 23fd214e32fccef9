import { Injectable } from '@nestjs/common';
import { orderCancelled, type OrderStatus, type PayloadOf } from '@rocketshop/contracts';
import { answerIdempotencyKey } from '@rocketshop/idempotency';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { Database, namedStatement, traceHeaders } from '@rocketshop/service-defaults';
import type { PoolClient } from 'pg';
import * as statements from '../database/statements.js';
import type { OrderItemRow, OrderRow } from '../database/statements.js';
import { assertTransition } from '../domain/order-status.js';

import { refusedOrder } from '../place-order/refused-order.js';

export interface CancelRequest {
  readonly orderId: string;
  /** The status the caller saw. The cancellation happens from there or not at all. */
  readonly from: Extract<OrderStatus, 'PENDING' | 'CONFIRMED'>;
  /** For programs, such as OUT_OF_STOCK. */
  readonly reason: string;
  /** For people. */
  readonly detail: string;
  readonly by: 'flow' | 'buyer' | 'timer' | 'sweeper';
}

/** Sets an order CANCELLING and tells everybody, in one transaction. */
@Injectable()
export class CancelOrderService {
  constructor(
    private readonly database: Database,
    private readonly outbox: OutboxRelay,
  ) {}

  /** @returns the order as it now is, or undefined: it was not in `from` any more, and nothing was changed */
  async cancel(request: CancelRequest): Promise<OrderRow | undefined> {
    assertTransition(request.from, 'CANCELLING');
    return this.database.inTransaction(async (client, scope) => {
      const { rows } = await namedStatement<OrderRow>(client, statements.beginCancel, [
        request.orderId,
        request.from,
        request.reason,
        request.detail,
        request.by,
      ]);
      const [order] = rows;
      if (!order) return undefined;
      // The buyer who placed it and got no answer yet is answered by this; a confirmed order's answer was given and stays.
      if (request.from === 'PENDING') {
        const { status, problem } = refusedOrder(order.order_id, request.reason, request.detail);
        await answerIdempotencyKey(client, order.order_id, { status, body: problem });
      }
      await this.publish(client, order);
      scope.afterCommit(() => this.outbox.wake());
      return order;
    });
  }

  /** order-cancelled once more, for the sweeper. A participant that has answered answers again. */
  async publish(client: PoolClient, order: OrderRow): Promise<void> {
    const { rows: items } = await namedStatement<OrderItemRow>(client, statements.selectOrderItems, [order.order_id]);
    const payload: PayloadOf<typeof orderCancelled> = {
      version: 1,
      orderId: order.order_id,
      userId: order.user_id,
      items: items.map((item) => ({ goodsId: item.goods_id, quantity: item.quantity })),
      couponId: order.coupon_id,
      balanceUsed: order.balance_used.toString(),
      currency: order.currency,
      reason: order.cancel_reason ?? 'UNKNOWN',
      cancelledAt: (order.cancelling_at ?? order.created_at).toISOString(),
    };
    await writeOutbox(client, [{ topic: orderCancelled.topic, key: order.order_id, payload, headers: traceHeaders() }]);
  }
}
