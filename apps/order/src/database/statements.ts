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

export const READ_PRE_ORDER = {
  name: 'read-pre-order',
  columnar: true,
  text: `SELECT wanted.line::int AS line, created_at AS "createdAt", abandon_at AS "abandonAt",
                (extract(epoch FROM now() - created_at) * 1000)::float8 AS "ageMs"
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) JOIN orders USING (order_id)
          WHERE orders.order_id = ANY ($1)`,
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

/**
 * Keeps the request to cancel a CONFIRMED order, before pay is asked. The first request stays. Returns no row when the order is not
 * CONFIRMED.
 */
export const REQUEST_CANCEL = {
  name: 'request-cancel',
  text: `UPDATE orders
            SET cancel_requested_at = coalesce(cancel_requested_at, now()),
                cancel_requested_by = coalesce(cancel_requested_by, $2),
                attempts = CASE WHEN cancel_requested_at IS NULL THEN 0 ELSE attempts END,
                next_attempt_at = CASE WHEN cancel_requested_at IS NULL THEN NULL ELSE next_attempt_at END
          WHERE order_id = $1 AND status = 'CONFIRMED'
      RETURNING order_id AS "orderId", cancel_requested_by AS "cancelRequestedBy"`,
};

/** PENDING or CONFIRMED to CANCELLING. A CONFIRMED order is cancelled only after pay has answered CLOSED. */
export const BEGIN_CANCEL = {
  name: 'begin-cancel',
  text: `UPDATE orders
            SET status = 'CANCELLING', cancel_reason = $3, cancel_detail = $4, cancelled_by = $5,
                cancelling_at = now(), cancel_sent_at = now(), attempts = 0, next_attempt_at = NULL
          WHERE order_id = $1 AND status = $2
      RETURNING ${columnsOf(OrderEntity)}`,
};

/** What a payment must match of its order. */
export type PayableOrder = Pick<
  OrderEntity,
  'userId' | 'status' | 'payable' | 'currency' | 'paymentId' | 'latePaymentId' | 'cancelRequestedAt'
>;

export const READ_PAYABLE = {
  name: 'read-payable',
  columnar: true,
  text: `SELECT wanted.line::int AS line,
                ${columnsOf(OrderEntity, 'orders', ['userId', 'status', 'payable', 'currency', 'paymentId', 'latePaymentId', 'cancelRequestedAt'])}
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) JOIN orders USING (order_id)
          WHERE orders.order_id = ANY ($1)`,
} as const;

export const SELECT_ORDER_ITEMS = {
  name: 'select-order-items',
  text: `SELECT ${columnsOf(OrderItemEntity)} FROM order_items WHERE order_id = ANY ($1::uuid[]) ORDER BY goods_id`,
};

/** Whether an answer changes nothing: this participant's answer is counted, or the cancel is over. It takes no lock. */
export const IS_ANSWER_COUNTED = {
  name: 'is-answer-counted',
  columnar: true,
  text: `SELECT answer.line::int AS line,
                orders.status = 'CANCELLED' OR EXISTS (
                  SELECT FROM order_compensations AS counted
                   WHERE counted.order_id = answer.order_id AND counted.participant = answer.participant) AS "isCounted"
           FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS answer (order_id, participant, line)
           JOIN orders USING (order_id) WHERE orders.order_id = ANY ($1)`,
} as const;

/** The answers to one cancel wait for each other here, so that exactly one of them counts four. */
export const LOCK_ANSWERED_ORDER = {
  name: 'lock-answered-order',
  columnar: true,
  text: `WITH locked AS (SELECT order_id, status FROM orders WHERE order_id = ANY ($1) ORDER BY order_id FOR UPDATE)
         SELECT line::int AS line, locked.status
           FROM unnest($1::uuid[]) WITH ORDINALITY AS answer (order_id, line) JOIN locked USING (order_id)`,
} as const;

/** Counts an answer to the cancel of an order that has the status. */
export const INSERT_COMPENSATION = {
  name: 'insert-compensation',
  columnar: true,
  text: `INSERT INTO order_compensations (order_id, participant, outcome, compensated_at)
         SELECT answer.order_id, participant, outcome, compensated_at
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
             AS answer (order_id, participant, outcome, compensated_at, from_status)
           JOIN orders ON orders.order_id = answer.order_id AND orders.status = answer.from_status
          WHERE orders.order_id = ANY ($1)
         ON CONFLICT DO NOTHING`,
} as const;

/**
 * Ends the cancel that has all of its answers. It is a statement of its own after the insert, so that it sees every answer that was
 * committed before the lock. It returns one row for an order, whichever of its answers is the line.
 */
export const FINISH_CANCEL = {
  name: 'finish-cancel',
  columnar: true,
  text: `WITH finished AS (
           UPDATE orders SET status = 'CANCELLED', cancelled_at = now()
             FROM unnest($1::uuid[], $2::text[], $3::int[]) AS answer (order_id, from_status, participants)
            WHERE orders.order_id = answer.order_id AND orders.order_id = ANY ($1) AND orders.status = answer.from_status
              AND answer.participants = (SELECT count(*) FROM order_compensations AS counted
                                          WHERE counted.order_id = orders.order_id)
        RETURNING orders.order_id)
         SELECT min(line)::int AS line FROM unnest($1::uuid[]) WITH ORDINALITY AS answer (order_id, line)
           JOIN finished USING (order_id) GROUP BY order_id`,
} as const;

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
  text: `UPDATE orders SET late_payment_id = $2 WHERE order_id = $1 RETURNING ${columnsOf(OrderEntity)}`,
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

/** The conditions of the partial indexes of orders that are not final. */
const IS_PENDING = `status = 'PENDING'`;
const IS_UNPAID = `status = 'CONFIRMED' AND cancel_requested_at IS NULL`;
const IS_CANCEL_REQUESTED = `status = 'CONFIRMED' AND cancel_requested_at IS NOT NULL`;
const IS_CANCELLING = `status = 'CANCELLING'`;

/** The longest wait between two attempts of the sweeper, in waits before the first one. */
const WAITS_MAX = 12;

/**
 * Claims at most $2 orders that are due since $1 milliseconds, and sets when each is due again: the wait doubles with every claim, up
 * to twelve times $1. So an order that the sweeper cannot help stands behind all others, and no two sweepers work on the same order.
 * @param due the column that makes an order of this kind due the first time; a partial index has the orders by it
 */
const claimDue = (name: string, due: string, where: string, also = '') => ({
  name,
  text: `UPDATE orders
            SET attempts = attempts + 1, ${also}
                next_attempt_at = now() + (least(${WAITS_MAX}, power(2, least(attempts, 10))) - 1) * $1::float8 * interval '1 millisecond'
          WHERE order_id IN (SELECT order_id FROM orders
                              WHERE ${where} AND greatest(${due}, next_attempt_at) < now() - $1::float8 * interval '1 millisecond'
                              ORDER BY greatest(${due}, next_attempt_at) LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING ${columnsOf(OrderEntity)}`,
});

/** Orders whose flow was lost, and whose abandon timer did not come. */
export const CLAIM_ABANDONED = claimDue('claim-abandoned', 'abandon_at', IS_PENDING);

/** Orders that nobody has paid in time, and whose close timer did not come. */
export const CLAIM_UNPAID = claimDue('claim-unpaid', 'close_at', IS_UNPAID);

/** Orders that somebody has asked to cancel, while pay has not answered yet. */
export const CLAIM_CANCEL_REQUESTS = claimDue('claim-cancel-requests', 'cancel_requested_at', IS_CANCEL_REQUESTED);

/** Cancellations that not all four participants have answered. They get order-cancelled once more. */
export const CLAIM_UNANSWERED_CANCELS = claimDue(
  'claim-unanswered-cancels',
  'cancel_sent_at',
  IS_CANCELLING,
  'cancel_sent_at = now(),',
);

/** CANCEL_REQUESTED: CONFIRMED, and somebody has asked to cancel it. */
export interface OpenOrders {
  readonly status: 'PENDING' | 'CONFIRMED' | 'CANCEL_REQUESTED' | 'CANCELLING';
  readonly orders: number;
  readonly oldestSeconds: number | null;
}

const openOrders = (status: OpenOrders['status'], where: string, since: string) =>
  `SELECT '${status}' AS status, count(*)::int AS orders, extract(epoch FROM now() - min(${since}))::float8 AS "oldestSeconds"
             FROM orders WHERE ${where}`;

/** Each part reads the partial index of its condition. */
export const COUNT_OPEN_ORDERS = {
  name: 'count-open-orders',
  text: [
    openOrders('PENDING', IS_PENDING, 'created_at'),
    openOrders('CONFIRMED', IS_UNPAID, 'confirmed_at'),
    openOrders('CANCEL_REQUESTED', IS_CANCEL_REQUESTED, 'cancel_requested_at'),
    openOrders('CANCELLING', IS_CANCELLING, 'cancelling_at'),
  ].join(' UNION ALL '),
};

export interface WaitingCancels {
  readonly participant: string;
  readonly orders: number;
}

export const COUNT_WAITING_CANCELS = {
  name: 'count-waiting-cancels',
  text: `SELECT asked.participant, count(*)::int AS orders
           FROM orders CROSS JOIN unnest($1::text[]) AS asked (participant)
          WHERE ${IS_CANCELLING}
            AND NOT EXISTS (SELECT FROM order_compensations AS answer
                             WHERE answer.order_id = orders.order_id AND answer.participant = asked.participant)
          GROUP BY asked.participant`,
};
