import { Injectable } from '@nestjs/common';
import { orderCancelled } from '@rocketshop/contracts';
import type { OrderStatus, PayloadOf } from '@rocketshop/contracts';
import { answerIdempotencyKey } from '@rocketshop/idempotency';
import { OutboxRelay, writeOutbox } from '@rocketshop/outbox';
import { bind, retryWhenUnknown, run } from '@rocketshop/pg';
import type { DeadlineInstant, PgClient, TransactionScope } from '@rocketshop/pg';
import { Database, traceHeaders } from '@rocketshop/service-defaults';
import type { OrderItemEntity } from '../database/entities/order-item.entity.js';
import type { OrderEntity } from '../database/entities/order.entity.js';
import { BEGIN_CANCEL, SELECT_ORDER_ITEMS } from '../database/statements.js';
import { assertTransition } from '../domain/order-status.js';
import type { CancelledBy } from '../domain/order-status.js';
import { OrderMetrics } from '../observe-orders/order-metrics.js';
import { refusedOrder } from './refused-order.js';

export interface CancelRequest {
  readonly orderId: string;
  /** The status that the caller saw. The order is cancelled from this status or not at all. */
  readonly from: Extract<OrderStatus, 'PENDING' | 'CONFIRMED'>;
  /** For programs, such as OUT_OF_STOCK. */
  readonly reason: string;
  /** For people. */
  readonly detail: string;
  readonly by: CancelledBy;
  /** When a wait for the order's row ends. @default the database's statement_timeout */
  readonly deadline?: DeadlineInstant;
}

/** Sets an order CANCELLING and tells all participants, in one transaction. */
@Injectable()
export class CancelOrderService {
  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly metrics: OrderMetrics,
  ) {}

  /**
   * When the answer of the commit is lost, the cancel is repeated. It then waits until the first one is decided.
   * @returns the order as it is now, or undefined when its status was no longer `from`: by somebody else, or by a commit whose answer
   * was lost. The caller reads the order then
   */
  async cancel({ orderId, from, reason, detail, by, deadline }: CancelRequest): Promise<OrderEntity | undefined> {
    assertTransition(from, 'CANCELLING');
    const cancel = async (client: PgClient, scope: TransactionScope): Promise<OrderEntity | undefined> => {
      const begin = bind<OrderEntity>(BEGIN_CANCEL, [orderId, from, reason, detail, by]);
      const [order] = (await run(client, begin)).rows;
      if (!order) return undefined;
      // A buyer whose request is not answered yet gets this answer. A CONFIRMED order has an answer already, which stays.
      if (from === 'PENDING') {
        const { status, problem } = refusedOrder(orderId, reason, detail);
        await answerIdempotencyKey(client, orderId, { status, body: problem });
      }
      await this.publish(client, [order]);
      scope.afterCommit(() => {
        this.metrics.count('CANCELLING');
        this.relay.wake();
      });
      return order;
    };
    return retryWhenUnknown(() => this.database.transaction(cancel, { deadline }));
  }

  /**
   * Publishes order-cancelled, for all orders with two statements: the caller holds their rows, and answers to their cancels wait for
   * them. The sweeper publishes it again: a participant that has answered before answers again.
   */
  async publish(client: PgClient, orders: readonly OrderEntity[]): Promise<void> {
    const orderIds = orders.map(({ orderId }) => orderId);
    const { rows: items } = await run(client, bind<OrderItemEntity>(SELECT_ORDER_ITEMS, [orderIds]));
    const rows = orders.map((order) => ({
      topic: orderCancelled.topic,
      key: order.orderId,
      payload: cancelMessage(
        order,
        items.filter(({ orderId }) => orderId === order.orderId),
      ),
      headers: traceHeaders(),
    }));
    await writeOutbox(client, rows);
  }
}

function cancelMessage(order: OrderEntity, items: readonly OrderItemEntity[]): PayloadOf<typeof orderCancelled> {
  return {
    version: 1,
    orderId: order.orderId,
    userId: order.userId,
    items: items.map(({ goodsId, quantity }) => ({ goodsId, quantity })),
    couponId: order.couponId,
    balanceUsed: order.balanceUsed.toString(),
    currency: order.currency,
    reason: order.cancelReason ?? 'UNKNOWN',
    cancelledAt: (order.cancellingAt ?? order.createdAt).toISOString(),
  };
}
