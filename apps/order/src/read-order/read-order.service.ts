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

/** Reads orders. Only this class decides which buyer may see which order. */
@Injectable()
export class ReadOrderService {
  constructor(private readonly database: Database) {}

  /** Finds an order in any status. For the flow only, since no buyer may see a PENDING order. */
  async find(orderId: string): Promise<OrderView | undefined> {
    const [view] = await this.view([await this.orders.findOneBy({ orderId })]);
    return view;
  }

  /** Finds an order of this buyer. A PENDING order and another buyer's order count as not found. */
  async findVisible(orderId: string, userId: string): Promise<OrderView | undefined> {
    const [view] = await this.view([await this.orders.findOneBy({ orderId, userId })]);
    return view && isVisible(view.status) ? view : undefined;
  }

  /** Finds what pay must know of an order of this buyer. A PENDING order counts as not found. */
  async findPayable(orderId: string, userId: string): Promise<PayableOrder | undefined> {
    const [order] = await this.database.read<PayableOrder>(READ_PAYABLE, [[orderId]]);
    return order?.userId === userId && isVisible(order.status) ? order : undefined;
  }

  /** The buyer's orders, the newest first. */
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
