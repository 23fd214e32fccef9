import { columnsOf } from '@rocketshop/service-defaults';
import { OrderItemEntity } from './entities/order-item.entity.js';
import { OrderEntity } from './entities/order.entity.js';

/*
 * The statements of the order service. Each state change names the status it starts from: no row means that somebody else has
 * changed the order first.
 *
 * A columnar statement is executed once for many orders; it names its keys by `= ANY ($1)` beside the join, so that every plan
 * goes by the key (libs/pg/README.md, "Plans").
 */

/** Step 1. The due time is computed by the database's clock, with which every replica and every timer compares. */
export const INSERT_ORDER = {
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
         SELECT line::int AS line, now() AS "createdAt", now() + abandon_ms * interval '1 millisecond' AS "abandonAt"
           FROM unnest($10::bigint[]) WITH ORDINALITY AS placed (abandon_ms, line)`,
} as const;

export const INSERT_ORDER_ITEMS = {
  name: 'insert-order-items',
  columnar: true,
  text: `INSERT INTO order_items (order_id, goods_id, name, quantity, unit_price)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[])`,
} as const;

/** Step 5, the point of no return. Refuses CONFIRM_LOST when an order is no longer PENDING. */
export const CONFIRM_ORDER = {
  name: 'confirm-order',
  columnar: true,
  text: `WITH confirmed AS (
           UPDATE orders
              SET status = decided.status, confirmed_at = decided.confirmed_at, paid_at = decided.paid_at,
                  close_at = decided.close_at
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
               AS decided (order_id, from_status, status, confirmed_at, paid_at, close_at)
            WHERE orders.order_id = decided.order_id AND orders.order_id = ANY ($1)
              AND orders.status = decided.from_status
        RETURNING orders.order_id)
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'CONFIRM_LOST') FROM confirmed`,
} as const;

/** PENDING or CONFIRMED to CANCELLING. A CONFIRMED order is cancelled only after pay has answered CLOSED. */
export const BEGIN_CANCEL = {
  name: 'begin-cancel',
  text: `UPDATE orders
            SET status = 'CANCELLING', cancel_reason = $3, cancel_detail = $4, cancelled_by = $5,
                cancelling_at = now(), cancel_sent_at = now()
          WHERE order_id = $1 AND status = $2
      RETURNING ${columnsOf(OrderEntity)}`,
};

/** What a payment must match of its order. */
export type PayableOrder = Pick<
  OrderEntity,
  'userId' | 'status' | 'payable' | 'currency' | 'paymentId' | 'latePaymentId'
>;

export const READ_PAYABLE = {
  name: 'read-payable',
  columnar: true,
  text: `SELECT wanted.line::int AS line,
                ${columnsOf(OrderEntity, 'orders', ['userId', 'status', 'payable', 'currency', 'paymentId', 'latePaymentId'])}
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) JOIN orders USING (order_id)
          WHERE orders.order_id = ANY ($1)`,
} as const;

export const SELECT_ORDER_ITEMS = {
  name: 'select-order-items',
  text: `SELECT ${columnsOf(OrderItemEntity)} FROM order_items WHERE order_id = $1 ORDER BY goods_id`,
};

/** The answers to one cancel wait for each other here, so that exactly one of them counts four. */
export const LOCK_ORDER = {
  name: 'lock-order',
  text: `SELECT ${columnsOf(OrderEntity)} FROM orders WHERE order_id = $1 FOR UPDATE`,
};

export const INSERT_COMPENSATION = {
  name: 'insert-compensation',
  text: `INSERT INTO order_compensations (order_id, participant, outcome, compensated_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
};

/** This is a statement of its own after the insert, so that it sees every answer that was committed before the lock. */
export const COUNT_COMPENSATIONS = {
  name: 'count-compensations',
  text: 'SELECT count(*)::int AS answered FROM order_compensations WHERE order_id = $1',
};

export const FINISH_CANCEL = {
  name: 'finish-cancel',
  text: `UPDATE orders SET status = 'CANCELLED', cancelled_at = now() WHERE order_id = $1 AND status = 'CANCELLING'`,
};

/** Records a payment. Refuses ORDER_MOVED when the order no longer has the status that was read, or asks for another amount. */
export const RECORD_PAYMENT = {
  name: 'record-payment',
  columnar: true,
  text: `WITH paid AS (
           UPDATE orders SET status = 'PAID', payment_id = payment.payment_id, paid_at = now()
             FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[])
               AS payment (order_id, from_status, payment_id, amount, currency)
            WHERE orders.order_id = payment.order_id AND orders.order_id = ANY ($1)
              AND orders.status = payment.from_status
              AND orders.payable = payment.amount AND orders.currency = payment.currency
        RETURNING orders.order_id)
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'ORDER_MOVED') FROM paid`,
} as const;

export const RECORD_LATE_PAYMENT = {
  name: 'record-late-payment',
  text: 'UPDATE orders SET late_payment_id = $2 WHERE order_id = $1',
};

/** How long until a timer is due, by the database's clock. The time is negative when the timer is overdue. */
export const READ_TIMER = {
  name: 'read-timer',
  columnar: true,
  text: `SELECT wanted.line::int AS line, status,
                (extract(epoch FROM abandon_at - now()) * 1000)::float8 AS "abandonInMs",
                (extract(epoch FROM close_at - now()) * 1000)::float8 AS "closeInMs"
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) JOIN orders USING (order_id)
          WHERE orders.order_id = ANY ($1)`,
} as const;

/** The sweeper's queries. Each reads a partial index, which has only the few orders in that state. */
export const SELECT_ABANDONED = {
  name: 'select-abandoned',
  text: `SELECT order_id AS "orderId" FROM orders
          WHERE status = 'PENDING' AND abandon_at < now() - $1 * interval '1 millisecond' ORDER BY abandon_at LIMIT $2`,
};

export const SELECT_UNPAID = {
  name: 'select-unpaid',
  text: `SELECT order_id AS "orderId" FROM orders
          WHERE status = 'CONFIRMED' AND close_at < now() - $1 * interval '1 millisecond' ORDER BY close_at LIMIT $2`,
};

/** Claims overdue cancellations for one more order-cancelled, so that two sweepers never publish for the same order at once. */
export const CLAIM_OVERDUE_CANCELS = {
  name: 'claim-overdue-cancels',
  text: `UPDATE orders SET cancel_sent_at = now()
          WHERE order_id IN (SELECT order_id FROM orders
                              WHERE status = 'CANCELLING' AND cancel_sent_at < now() - $1 * interval '1 millisecond'
                              ORDER BY cancel_sent_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING ${columnsOf(OrderEntity)}`,
};
