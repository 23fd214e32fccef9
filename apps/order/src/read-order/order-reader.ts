import { Injectable } from '@nestjs/common';
import { Database } from '@rocketshop/service-defaults';
import * as statements from '../database/statements.js';
import type { OrderItemRow, OrderRow } from '../database/statements.js';
import { isVisible } from '../domain/order-status.js';
import { viewOrder, type OrderView } from './order-view.js';

const ORDERS_PER_PAGE_MAX = 100;

/** Reads orders. What may be shown to whom is decided here and nowhere else. */
@Injectable()
export class OrderReader {
  constructor(private readonly database: Database) {}

  /** The order whatever its status is: for the flow, not for buyers. */
  async find(orderId: string): Promise<OrderView | undefined> {
    const { rows } = await this.database.query<OrderRow>(statements.selectOrder, [orderId]);
    const [order] = rows;
    return order && this.withItems(order);
  }

  /** A pre-order is nobody's, and somebody else's order does not exist. */
  async findVisible(orderId: string, userId: string): Promise<OrderView | undefined> {
    const { rows } = await this.database.query<OrderRow>(statements.selectOrder, [orderId]);
    const [order] = rows;
    return order && order.user_id === userId && isVisible(order.status) ? this.withItems(order) : undefined;
  }

  /** Newest first. */
  async listVisible(userId: string): Promise<OrderView[]> {
    const { rows } = await this.database.query<OrderRow>(statements.selectOrdersOfUser, [userId, ORDERS_PER_PAGE_MAX]);
    return Promise.all(rows.map((order) => this.withItems(order)));
  }

  private async withItems(order: OrderRow): Promise<OrderView> {
    const { rows } = await this.database.query<OrderItemRow>(statements.selectOrderItems, [order.order_id]);
    return viewOrder(order, rows);
  }
}
