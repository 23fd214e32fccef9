import { Injectable } from '@nestjs/common';
import { Database } from '@rocketshop/service-defaults';
import { In, Not } from 'typeorm';
import { OrderItemEntity } from '../database/entities/order-item.entity.js';
import { OrderEntity } from '../database/entities/order.entity.js';
import { READ_PAYABLE } from '../database/statements.js';
import type { PayableOrder } from '../database/statements.js';
import { isVisible } from '../domain/order-status.js';
import { viewOrder } from './read-order.dto.js';
import type { OrderView } from './read-order.dto.js';

const ORDERS_PER_PAGE_MAX = 100;

/** Reads orders. What may be shown to whom is decided here and nowhere else. */
@Injectable()
export class ReadOrderService {
  constructor(private readonly database: Database) {}

  /** The order in whatever status: for the flow, not for buyers. */
  async find(orderId: string): Promise<OrderView | undefined> {
    const [view] = await this.view([await this.orders.findOneBy({ orderId })]);
    return view;
  }

  /** A pre-order is nobody's, and somebody else's order does not exist. */
  async findVisible(orderId: string, userId: string): Promise<OrderView | undefined> {
    const [view] = await this.view([await this.orders.findOneBy({ orderId, userId })]);
    return view && isVisible(view.status) ? view : undefined;
  }

  /** For pay, which asks what is owed. */
  async findPayable(orderId: string, userId: string): Promise<PayableOrder | undefined> {
    const [order] = await this.database.read<PayableOrder>(READ_PAYABLE, [[orderId]]);
    return order?.userId === userId && isVisible(order.status) ? order : undefined;
  }

  /** The newest first. */
  async listVisible(userId: string): Promise<OrderView[]> {
    const orders = await this.orders.find({
      where: { userId, status: Not('PENDING') },
      order: { createdAt: 'DESC' },
      take: ORDERS_PER_PAGE_MAX,
    });
    return this.view(orders);
  }

  private get orders() {
    return this.database.dataSource.getRepository(OrderEntity);
  }

  private async view(found: readonly (OrderEntity | null)[]): Promise<OrderView[]> {
    const orders = found.filter((order) => order !== null);
    const items = await this.database.dataSource.getRepository(OrderItemEntity).find({
      where: { orderId: In(orders.map((order) => order.orderId)) },
      order: { goodsId: 'ASC' },
    });
    return orders.map((order) =>
      viewOrder(
        order,
        items.filter((item) => item.orderId === order.orderId),
      ),
    );
  }
}
