import type { OrderStatus } from '@rocketshop/contracts';

/*
 * The order service's hot statements. Each state change names the status it starts from: zero rows means that somebody
 * else was first. Each runs on the connection of its caller's transaction, prepared under its name. Those of every order
 * are columnar, so that many orders are one execution.
 *
 * They say twice which rows they are about, by the join and by `= ANY ($1)`, so that a plan made for a small table has a key
 * to go by from whichever side it joins. And a state change compares `status || ''`: else the planner may take the partial
 * index of all orders in that status for a quick way to a few of them, which it is not when many orders wait.
 */

/** bigint columns arrive as BigInt. */
export interface OrderRow {
  order_id: string;
  user_id: string;
  status: OrderStatus;
  currency: string;
  total: bigint;
  discount: bigint;
  balance_used: bigint;
  payable: bigint;
  coupon_id: string | null;
  idempotency_key: string;
  created_at: Date;
  abandon_at: Date;
  confirmed_at: Date | null;
  close_at: Date | null;
  paid_at: Date | null;
  payment_id: string | null;
  late_payment_id: string | null;
  cancel_reason: string | null;
  cancel_detail: string | null;
  cancelled_by: string | null;
  cancelling_at: Date | null;
  cancel_sent_at: Date | null;
  cancelled_at: Date | null;
}

export type PayableRow = Pick<OrderRow, 'user_id' | 'status' | 'payable' | 'currency'>;

export interface OrderItemRow {
  goods_id: string;
  name: string;
  quantity: number;
  unit_price: bigint;
}

/** Step 1. The due time is reckoned by the database's clock, which every replica and every timer shares. */
export const insertOrder = {
  name: 'insert-order',
  columnar: true,
  text: `WITH inserted AS (
           INSERT INTO orders (order_id, user_id, currency, total, discount, balance_used, payable, coupon_id,
                               idempotency_key, status, created_at, abandon_at)
           SELECT order_id, user_id, currency, total, discount, balance_used, payable, coupon_id,
                  idempotency_key, 'PENDING', now(), now() + abandon_ms * interval '1 millisecond'
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                         $8::text[], $9::text[], $10::bigint[])
               AS placed (order_id, user_id, currency, total, discount, balance_used, payable,
                          coupon_id, idempotency_key, abandon_ms))
         SELECT line::int AS line, now() AS created_at, now() + abandon_ms * interval '1 millisecond' AS abandon_at
           FROM unnest($10::bigint[]) WITH ORDINALITY AS placed (abandon_ms, line)`,
} as const;

export const insertOrderItems = {
  name: 'insert-order-items',
  columnar: true,
  text: `INSERT INTO order_items (order_id, goods_id, name, quantity, unit_price)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[])`,
} as const;

/** Step 5, the point of no return. */
export const confirmOrder = {
  name: 'confirm-order',
  columnar: true,
  text: `WITH confirmed AS (
           UPDATE orders
              SET status = decided.status, confirmed_at = decided.confirmed_at, paid_at = decided.paid_at,
                  close_at = decided.close_at
             FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
               AS decided (order_id, status, confirmed_at, paid_at, close_at)
            WHERE orders.order_id = decided.order_id AND orders.order_id = ANY ($1) AND orders.status || '' = 'PENDING'
        RETURNING orders.order_id)
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'CONFIRM_LOST') FROM confirmed`,
} as const;

/** The other way out of PENDING, and the way out of CONFIRMED once pay has answered CLOSED. */
export const beginCancel = {
  name: 'begin-cancel',
  text: `UPDATE orders
            SET status = 'CANCELLING', cancel_reason = $3, cancel_detail = $4, cancelled_by = $5,
                cancelling_at = now(), cancel_sent_at = now()
          WHERE order_id = $1 AND status = $2
      RETURNING *`,
};

export const selectOrder = { name: 'select-order', text: 'SELECT * FROM orders WHERE order_id = $1' };

/** What pay has to know: a quarter of the columns, asked for with every payment. */
export const selectPayable = {
  name: 'select-payable',
  columnar: true,
  text: `SELECT wanted.line::int AS line, user_id, status, payable, currency
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) JOIN orders USING (order_id)
          WHERE orders.order_id = ANY ($1)`,
} as const;

export const selectOrderItems = {
  name: 'select-order-items',
  text: 'SELECT goods_id, name, quantity, unit_price FROM order_items WHERE order_id = $1 ORDER BY goods_id',
};

export const selectItemsOfOrders = {
  name: 'select-items-of-orders',
  text: `SELECT order_id, goods_id, name, quantity, unit_price FROM order_items
          WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, goods_id`,
};

/** Newest first; a pre-order is nobody's to see. */
export const selectOrdersOfUser = {
  name: 'select-orders-of-user',
  text: `SELECT * FROM orders WHERE user_id = $1 AND status <> 'PENDING' ORDER BY created_at DESC LIMIT $2`,
};

/** Answers and payments of one order queue up here, so that exactly one of them counts four and none is overtaken. */
export const lockOrder = { name: 'lock-order', text: 'SELECT * FROM orders WHERE order_id = $1 FOR UPDATE' };

export const insertCompensation = {
  name: 'insert-compensation',
  text: `INSERT INTO order_compensations (order_id, participant, outcome, compensated_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
};

/** A statement of its own after the insert: under the order's lock it sees every answer that was committed before. */
export const countCompensations = {
  name: 'count-compensations',
  text: 'SELECT count(*)::int AS answered FROM order_compensations WHERE order_id = $1',
};

export const finishCancel = {
  name: 'finish-cancel',
  text: `UPDATE orders SET status = 'CANCELLED', cancelled_at = now() WHERE order_id = $1 AND status = 'CANCELLING'`,
};

/** The usual payment: of an order that waits for just this. No row: the locked row tells why. */
export const markPaid = {
  name: 'mark-paid',
  columnar: true,
  text: `UPDATE orders SET status = 'PAID', payment_id = payment.payment_id, paid_at = now()
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]) WITH ORDINALITY
             AS payment (order_id, payment_id, amount, currency, line)
          WHERE orders.order_id = payment.order_id AND orders.order_id = ANY ($1) AND orders.status || '' = 'CONFIRMED'
            AND orders.payable = payment.amount AND orders.currency = payment.currency
      RETURNING payment.line::int AS line`,
} as const;

export const recordLatePayment = {
  name: 'record-late-payment',
  text: 'UPDATE orders SET late_payment_id = $2 WHERE order_id = $1',
};

/** How long until a timer is due, by the database's clock; negative when it is overdue. */
export const selectTimer = {
  name: 'select-timer',
  columnar: true,
  text: `SELECT wanted.line::int AS line, status,
                (extract(epoch FROM abandon_at - now()) * 1000)::float8 AS abandon_in_ms,
                (extract(epoch FROM close_at - now()) * 1000)::float8 AS close_in_ms
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) JOIN orders USING (order_id)
          WHERE orders.order_id = ANY ($1)`,
} as const;

/** The sweeper's nets, each over a partial index of the few orders that are in that state. */
export const selectAbandoned = {
  name: 'select-abandoned',
  text: `SELECT order_id FROM orders
          WHERE status = 'PENDING' AND abandon_at < now() - $1 * interval '1 millisecond' ORDER BY abandon_at LIMIT $2`,
};

export const selectUnpaid = {
  name: 'select-unpaid',
  text: `SELECT order_id FROM orders
          WHERE status = 'CONFIRMED' AND close_at < now() - $1 * interval '1 millisecond' ORDER BY close_at LIMIT $2`,
};

/** Claims overdue cancellations for one more order-cancelled: two sweepers never send for the same order at once. */
export const claimOverdueCancels = {
  name: 'claim-overdue-cancels',
  text: `UPDATE orders SET cancel_sent_at = now()
          WHERE order_id IN (SELECT order_id FROM orders
                              WHERE status = 'CANCELLING' AND cancel_sent_at < now() - $1 * interval '1 millisecond'
                              ORDER BY cancel_sent_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING *`,
};
