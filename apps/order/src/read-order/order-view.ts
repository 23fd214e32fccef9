import type { OrderStatus } from '@rocketshop/contracts';
import type { OrderItemRow, OrderRow } from '../database/statements.js';

/** An order as its owner sees it. Amounts are minor units as text, instants RFC 3339. */
export interface OrderView {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly total: string;
  readonly discount: string;
  readonly balanceUsed: string;
  readonly payable: string;
  readonly couponId: string | null;
  readonly items: readonly { goodsId: string; name: string; quantity: number; unitPrice: string }[];
  readonly createdAt: string;
  readonly confirmedAt: string | null;
  readonly payUntil: string | null;
  readonly paidAt: string | null;
  readonly cancelledAt: string | null;
  readonly cancelReason: string | null;
  readonly cancelDetail: string | null;
  readonly cancelledBy: string | null;
}

const instant = (date: Date | null) => date?.toISOString() ?? null;

export function viewOrder(order: OrderRow, items: readonly OrderItemRow[]): OrderView {
  return {
    orderId: order.order_id,
    status: order.status,
    currency: order.currency,
    total: order.total.toString(),
    discount: order.discount.toString(),
    balanceUsed: order.balance_used.toString(),
    payable: order.payable.toString(),
    couponId: order.coupon_id,
    items: items.map((item) => ({
      goodsId: item.goods_id,
      name: item.name,
      quantity: item.quantity,
      unitPrice: item.unit_price.toString(),
    })),
    createdAt: order.created_at.toISOString(),
    confirmedAt: instant(order.confirmed_at),
    payUntil: instant(order.close_at),
    paidAt: instant(order.paid_at),
    cancelledAt: instant(order.cancelled_at),
    cancelReason: order.cancel_reason,
    cancelDetail: order.cancel_detail,
    cancelledBy: order.cancelled_by,
  };
}
