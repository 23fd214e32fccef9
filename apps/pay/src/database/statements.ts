import { bind, bindLine } from '@rocketshop/pg';
import type { BoundStatement } from '@rocketshop/pg';
import { columnsOf } from '@rocketshop/service-defaults';
import { ACCEPTED_OUTCOMES } from '../domain/callback-outcome.js';
import type { CallbackFacts } from '../domain/callback-outcome.js';
import type { PaymentOrderStatus } from '../domain/payment-status.js';
import { refundIdOf } from '../domain/refund-id.js';
import { PaymentEntity } from './entities/payment.entity.js';
import { RefundEntity } from './entities/refund.entity.js';

/*
 * The statements of the pay service. Every transaction that changes an order's payments locks the order's row in payment_orders,
 * the fence, first. So a payment and a close at the same moment wait for each other.
 *
 * A columnar statement is executed once for many requests; it names its keys by `= ANY` beside the join, so that every plan
 * goes by the key (libs/pg/README.md, "Plans").
 */

/**
 * Inserts a payment with its fence if the order is new, or if it is OPEN and has no live payment. Returns no row when the order has
 * a live payment, or is PAID or CLOSED: {@link READ_LIVE_PAYMENT} tells which. FOR UPDATE waits for another transaction that holds
 * the fence, and then reads the newest version of the fence. The rows are sorted, as all locks of fences are.
 */
export const INSERT_PAYMENT = {
  name: 'insert-payment',
  columnar: true,
  text: `WITH opened AS (
           INSERT INTO payment_orders (order_id, status)
           SELECT order_id, 'OPEN' FROM unnest($2::uuid[]) AS wanted (order_id) ORDER BY order_id
           ON CONFLICT DO NOTHING RETURNING order_id
         ), locked AS MATERIALIZED (
           SELECT order_id FROM payment_orders WHERE order_id = ANY ($2) AND status = 'OPEN' ORDER BY order_id FOR UPDATE
         ), payment AS (
           INSERT INTO payments (payment_id, order_id, user_id, amount, currency, merchant_id, callback_url, next_poll_at, status)
           SELECT payment_id, order_id, user_id, amount, currency, merchant_id, callback_url,
                  now() + poll_ms * interval '1 millisecond', 'CREATED'
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::float8[])
               AS payment (payment_id, order_id, user_id, amount, currency, merchant_id, callback_url, poll_ms)
             JOIN (SELECT order_id FROM opened UNION ALL SELECT order_id FROM locked) AS fence USING (order_id)
           ON CONFLICT (order_id) WHERE status IN ('CREATED', 'PAYING', 'PAID') DO NOTHING
           RETURNING *)
         SELECT wanted.line::int AS line, ${columnsOf(PaymentEntity, 'payment')}
           FROM payment JOIN unnest($1::uuid[]) WITH ORDINALITY AS wanted (payment_id, line) USING (payment_id)`,
} as const;

/** The fence of an order with its one payment that is not closed. */
export type LivePayment = { readonly orderStatus: PaymentOrderStatus } & Nullable<PaymentEntity>;
type Nullable<Row> = { [Column in keyof Row]: Row[Column] | null };

export const READ_LIVE_PAYMENT = {
  name: 'read-live-payment',
  columnar: true,
  text: `SELECT wanted.line::int AS line, payment_orders.status AS "orderStatus", ${columnsOf(PaymentEntity)}
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line)
           JOIN payment_orders USING (order_id)
           LEFT JOIN payments
             ON payments.order_id = wanted.order_id AND payments.order_id = ANY ($1)
                AND payments.status IN ('CREATED', 'PAYING', 'PAID')
          WHERE payment_orders.order_id = ANY ($1)`,
} as const;

export const READ_PAYMENT = {
  name: 'read-payment',
  columnar: true,
  text: `SELECT wanted.line::int AS line, ${columnsOf(PaymentEntity)}
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (payment_id, line) JOIN payments USING (payment_id)
          WHERE payments.payment_id = ANY ($1)`,
} as const;

/** The rows are locked in sorted order, so that two such statements cannot deadlock. */
export const LOCK_PAYMENT_ORDER = {
  name: 'lock-payment-order',
  columnar: true,
  text: `SELECT wanted.line::int AS line, status
           FROM payment_orders JOIN unnest($1::uuid[]) WITH ORDINALITY AS wanted (order_id, line) USING (order_id)
          WHERE order_id = ANY ($1) ORDER BY order_id FOR UPDATE OF payment_orders`,
} as const;

/** Stores the provider's charge. Refuses PAYMENT_MOVED when a payment no longer has the status that was read. */
export const SET_CHARGE = {
  name: 'set-charge',
  columnar: true,
  text: `WITH charged AS (
           UPDATE payments SET status = charge.status, charge_id = charge.charge_id, pay_url = charge.pay_url
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
               AS charge (payment_id, read_status, status, charge_id, pay_url)
            WHERE payments.payment_id = charge.payment_id AND payments.payment_id = ANY ($1)
              AND payments.status = charge.read_status
          RETURNING payments.payment_id)
         SELECT refuse_unless(count(*) = cardinality($1), 'PAYMENT_MOVED') FROM charged`,
} as const;

/** Whether a transaction of the provider has paid for, or is refunded to, another payment. */
const isForeign = (transaction: string, payment: string): string =>
  `EXISTS (SELECT FROM payments WHERE provider_txn_id = ${transaction} AND payment_id <> ${payment})
             OR EXISTS (SELECT FROM refunds WHERE provider_txn_id = ${transaction} AND payment_id <> ${payment})`;

/** A row of {@link READ_CALLBACK_FACTS}; the payment's columns are null when there is no such payment. */
export type CallbackFactsRow = Pick<CallbackFacts, 'earlierOutcome' | 'isForeign' | 'isOtherContent'> & LivePayment;

export const READ_CALLBACK_FACTS = {
  name: 'read-callback-facts',
  columnar: true,
  text: `SELECT told.line::int AS line, event.outcome AS "earlierOutcome", fence.status AS "orderStatus",
                coalesce(event.body <> told.body::jsonb, false) AS "isOtherContent",
                ${columnsOf(PaymentEntity, 'payment')}, ${isForeign('told.txn_id', 'payment.payment_id')} AS "isForeign"
           FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
                  WITH ORDINALITY AS told (event_id, payment_id, txn_id, body, line)
           LEFT JOIN payment_events AS event ON event.event_id = told.event_id AND event.event_id = ANY ($1)
           LEFT JOIN payments AS payment ON payment.payment_id = told.payment_id AND payment.payment_id = ANY ($2)
           LEFT JOIN payment_orders AS fence ON fence.order_id = payment.order_id`,
} as const;

/**
 * The event's row is the claim: two deliveries of one event at once wait for each other here. An accepted outcome stays. Refuses
 * EVENT_ID_REUSED when the id is known with other content.
 */
export const RECORD_EVENT = {
  name: 'record-event',
  columnar: true,
  text: `WITH recorded AS (
           INSERT INTO payment_events (event_id, outcome, body)
           SELECT event_id, outcome, body::jsonb
             FROM unnest($1::text[], $2::text[], $3::text[]) AS event (event_id, outcome, body) ORDER BY event_id
           ON CONFLICT (event_id) DO UPDATE
             SET deliveries = payment_events.deliveries + 1,
                 outcome = CASE WHEN payment_events.outcome IN (${ACCEPTED_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')})
                                THEN payment_events.outcome ELSE excluded.outcome END
             WHERE payment_events.body = excluded.body
           RETURNING event_id)
         SELECT refuse_unless(count(*) = cardinality($1), 'EVENT_ID_REUSED') FROM recorded`,
} as const;

/** Keeps, for people, what has come under the id of another event. */
export const RECORD_EVENT_CONFLICT = {
  name: 'record-event-conflict',
  columnar: true,
  text: `INSERT INTO payment_event_conflicts (event_id, fingerprint, body)
         SELECT event_id, fingerprint, body::jsonb
           FROM unnest($1::text[], $2::text[], $3::text[]) AS event (event_id, fingerprint, body) ORDER BY event_id, fingerprint
         ON CONFLICT (event_id, fingerprint) DO UPDATE SET deliveries = payment_event_conflicts.deliveries + 1`,
} as const;

/**
 * Locks a transaction of the provider, whatever payments it is told for. A payment is PAID by it or it is refunded, in two tables
 * that have no common key: without the lock, two callbacks at once could count the same money and give it back. Sorted.
 */
export const LOCK_TRANSACTION = {
  name: 'lock-transaction',
  columnar: true,
  text: `SELECT pg_advisory_xact_lock(hashtextextended(txn_id, 0))
           FROM (SELECT txn_id FROM unnest($1::text[]) AS told (txn_id) ORDER BY txn_id) AS sorted`,
} as const;

/** OPEN to PAID. Refuses FENCE_MOVED when an order is not OPEN. */
export const PAY_PAYMENT_ORDER = {
  name: 'pay-payment-order',
  columnar: true,
  text: `WITH paid AS (
           UPDATE payment_orders SET status = 'PAID', updated_at = now()
             FROM unnest($1::uuid[]) AS told (order_id)
            WHERE payment_orders.order_id = told.order_id AND payment_orders.order_id = ANY ($1) AND status = 'OPEN'
        RETURNING payment_orders.order_id)
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'FENCE_MOVED') FROM paid`,
} as const;

/** Makes a payment PAID. Every condition is checked here again, whatever was read before. Refuses PAYMENT_MOVED. */
export const PAY_PAYMENT = {
  name: 'pay-payment',
  columnar: true,
  text: `WITH paid AS (
           UPDATE payments SET status = 'PAID', provider_txn_id = told.txn_id, paid_at = told.paid_at, charge_state = 'PAID',
                  poll_attempts = 0, next_poll_at = now() + told.poll_ms * interval '1 millisecond'
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::bigint[], $7::text[], $8::text[],
                         $9::float8[])
               AS told (payment_id, read_status, txn_id, paid_at, order_id, amount, currency, merchant_id, poll_ms)
            WHERE payments.payment_id = told.payment_id AND payments.payment_id = ANY ($1)
              AND payments.order_id = told.order_id AND payments.status = told.read_status
              AND payments.amount = told.amount AND payments.currency = told.currency
              AND coalesce(payments.merchant_id, told.merchant_id) = told.merchant_id
              AND NOT (${isForeign('told.txn_id', 'told.payment_id')})
          RETURNING payments.payment_id)
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'PAYMENT_MOVED') FROM paid`,
} as const;

const INSERT_REFUND = {
  name: 'insert-refund',
  columnar: true,
  text: `WITH refund AS (
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[])
             AS refund (refund_id, payment_id, order_id, provider_txn_id, amount, currency, reason)
         ), inserted AS (
           INSERT INTO refunds (refund_id, payment_id, order_id, provider_txn_id, amount, currency, reason, status)
           SELECT refund.*, 'REQUESTED' FROM refund
           ON CONFLICT (provider_txn_id) DO NOTHING)
         SELECT refuse_unless(NOT (${isForeign('refund.provider_txn_id', 'refund.payment_id')}), 'TRANSACTION_MOVED')
           FROM refund`,
} as const;

/** Inserts the request of a refund. One transaction of the provider is refunded once. */
export const insertRefund = (
  refund: Pick<RefundEntity, 'paymentId' | 'orderId' | 'providerTxnId' | 'amount' | 'currency' | 'reason'>,
): BoundStatement => {
  const { paymentId, orderId, providerTxnId, amount, currency, reason } = refund;
  const refundId = refundIdOf(providerTxnId);
  return bindLine(INSERT_REFUND, [refundId, paymentId, orderId, providerTxnId, amount, currency, reason]);
};

const CLOSE_NEW_PAYMENT_ORDER = {
  name: 'close-new-payment-order',
  text: `INSERT INTO payment_orders (order_id, status) VALUES ($1, 'CLOSED') ON CONFLICT DO NOTHING`,
};

const CLOSE_PAYMENT_ORDER = {
  name: 'close-payment-order',
  text: `UPDATE payment_orders SET status = 'CLOSED', updated_at = now() WHERE order_id = $1 AND status = 'OPEN'`,
};

const CLOSE_PAYMENTS = {
  name: 'close-payments',
  text: `UPDATE payments SET status = 'CLOSED', closed_at = now(), next_poll_at = now(), poll_attempts = 0
          WHERE order_id = $1 AND status IN ('CREATED', 'PAYING')`,
};

/**
 * Closes an order: no payment of the order can become PAID any more. The result of the first statement tells whether the order
 * had a row before, the result of the second statement what its status was. Closing again changes nothing, and a PAID payment
 * stays PAID. The charge of a closed payment is due to be made void at once.
 */
export const closePaymentOrder = (orderId: string) =>
  [
    bind(CLOSE_NEW_PAYMENT_ORDER, [orderId]),
    bindLine<{ status: PaymentOrderStatus }>(LOCK_PAYMENT_ORDER, [orderId]),
    bind(CLOSE_PAYMENT_ORDER, [orderId]),
    bind(CLOSE_PAYMENTS, [orderId]),
  ] as const;

/**
 * Claims due refunds and postpones their next attempt. So no other replica requests the same refunds meanwhile, and a refund that
 * the provider does not accept waits twice as long each time, up to a minute.
 */
export const CLAIM_DUE_REFUNDS = {
  name: 'claim-due-refunds',
  text: `UPDATE refunds
            SET attempts = attempts + 1,
                next_attempt_at = now() + least(60, power(2, least(attempts, 6))) * interval '1 second'
          WHERE refund_id IN (SELECT refund_id FROM refunds
                               WHERE status = 'REQUESTED' AND next_attempt_at <= now()
                               ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING ${columnsOf(RefundEntity)}`,
};

export const FINISH_REFUND = {
  name: 'finish-refund',
  text: `UPDATE refunds SET status = 'REFUNDED', refunded_at = now() WHERE refund_id = $1 AND status = 'REQUESTED'`,
};
