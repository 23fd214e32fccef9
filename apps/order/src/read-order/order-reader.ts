import { Injectable } from '@nestjs/common';
import { bind, Database } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { OrderItemRow, OrderRow, PayableRow } from '../database/statements.js';
import { isVisible } from '../domain/order-status.js';
import { viewOrder, type OrderView } from './order-view.js';

const ORDERS_PER_PAGE_MAX = 100;

/** Reads orders. What may be shown to whom is decided here and nowhere else. */
@Injectable()
export class OrderReader {
  constructor(private readonly database: Database) {}

  /** The order whatever its status is: for the flow, not for buyers. */
  async find(orderId: string): Promise<OrderView | undefined> {
    const { order, items } = await this.read(orderId);
    return order && viewOrder(order, items);
  }

  async findVisible(orderId: string, userId: string): Promise<OrderView | undefined> {
    const { order, items } = await this.read(orderId);
    return order && maySee(order, userId) ? viewOrder(order, items) : undefined;
  }

  /** For pay, which asks what is owed. */
  async findPayable(orderId: string, userId: string): Promise<PayableRow | undefined> {
    const [order] = await this.database.read<PayableRow>(statements.selectPayable, [[orderId]]);
    return order && maySee(order, userId) ? order : undefined;
  }

  /** Newest first. */
  async listVisible(userId: string): Promise<OrderView[]> {
    const { rows } = await this.database.query<OrderRow>(statements.selectOrdersOfUser, [userId, ORDERS_PER_PAGE_MAX]);
    const orderIds = rows.map((order) => order.order_id);
    const { rows: items } = await this.database.query<OrderItemRow & { order_id: string }>(
      statements.selectItemsOfOrders,
      [orderIds],
    );
    return rows.map((order) =>
      viewOrder(
        order,
        items.filter((item) => item.order_id === order.order_id),
      ),
    );
  }

  private async read(orderId: string): Promise<{ order: OrderRow | undefined; items: OrderItemRow[] }> {
    const [{ rows }, { rows: items }] = await this.database.inOneRoundTrip([
      bind<OrderRow>(statements.selectOrder, [orderId]),
      bind<OrderItemRow>(statements.selectOrderItems, [orderId]),
    ]);
    return { order: rows[0], items };
  }
}

/** A pre-order is nobody's, and somebody else's order does not exist. */
const maySee = (order: Pick<OrderRow, 'user_id' | 'status'>, userId: string): boolean =>
  order.user_id === userId && isVisible(order.status);
