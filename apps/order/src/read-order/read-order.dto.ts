import {
  amountSchema,
  couponIdSchema,
  currencySchema,
  goodsIdSchema,
  instantSchema,
  orderIdSchema,
} from '@rocketshop/contracts';
import { z } from 'zod';
import type { OrderItemEntity } from '../database/entities/order-item.entity.js';
import type { OrderEntity } from '../database/entities/order.entity.js';
import { CANCELLED_BY } from '../domain/order-status.js';

/** An order as its buyer sees it. Amounts are minor units as text, instants RFC 3339. */
export const orderSchema = z.object({
  orderId: orderIdSchema,
  status: z.enum(['PENDING', 'CONFIRMED', 'PAID', 'CANCELLING', 'CANCELLED']),
  currency: currencySchema,
  total: amountSchema,
  discount: amountSchema,
  balanceUsed: amountSchema,
  payable: amountSchema,
  couponId: couponIdSchema.nullable(),
  items: z.array(z.object({ goodsId: goodsIdSchema, name: z.string(), quantity: z.int(), unitPrice: amountSchema })),
  createdAt: instantSchema,
  confirmedAt: instantSchema.nullable(),
  payUntil: instantSchema.nullable(),
  paidAt: instantSchema.nullable(),
  /** Set on a CONFIRMED order: somebody has asked to cancel it, and it is not decided yet whether it was paid before. */
  cancelRequestedAt: instantSchema.nullable(),
  cancelledAt: instantSchema.nullable(),
  cancelReason: z.string().nullable(),
  cancelDetail: z.string().nullable(),
  cancelledBy: z.enum(CANCELLED_BY).nullable(),
});
export const orderListSchema = z.array(orderSchema);
export type OrderView = z.infer<typeof orderSchema>;

const instant = (date: Date | null) => date?.toISOString() ?? null;

export function viewOrder(order: OrderEntity, items: readonly OrderItemEntity[]): OrderView {
  return {
    orderId: order.orderId,
    status: order.status,
    currency: order.currency,
    total: order.total.toString(),
    discount: order.discount.toString(),
    balanceUsed: order.balanceUsed.toString(),
    payable: order.payable.toString(),
    couponId: order.couponId,
    items: items.map(({ goodsId, name, quantity, unitPrice }) => ({
      goodsId,
      name,
      quantity,
      unitPrice: unitPrice.toString(),
    })),
    createdAt: order.createdAt.toISOString(),
    confirmedAt: instant(order.confirmedAt),
    payUntil: instant(order.closeAt),
    paidAt: instant(order.paidAt),
    cancelRequestedAt: instant(order.cancelRequestedAt),
    cancelledAt: instant(order.cancelledAt),
    cancelReason: order.cancelReason,
    cancelDetail: order.cancelDetail,
    cancelledBy: order.cancelledBy,
  };
}
