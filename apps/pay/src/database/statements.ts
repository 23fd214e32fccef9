import type { ColumnarStatement, NamedStatement } from '@rocketshop/service-defaults';
import type { PaymentOrderStatus, PaymentStatus } from '../domain/payment-status.js';

/*
 * The pay service's hot statements. Whoever changes anything about an order's payments locks its row in payment_orders
 * first (insertPaymentOrder, then lockPaymentOrder): of a payment and a close at the same moment one waits for the other.
 * Each runs on the connection of its caller's transaction, prepared under its name.
 *
 * What happens with nearly every payment goes a short way, all of its statements in one round trip; where one of them says
 * no, nothing of it stays and the long way decides from scratch. Both ways share their SQL.
 *
 * Columnar ones say twice which rows they are about, by the join and by `= ANY ($1)`, so that a plan made for a small table
 * has a key to go by from whichever side it joins. And a state change of payments compares `status || ''`: else the planner
 * may take the partial index of all live payments for a quick way to a few of them, which it is not when there are many.
 */

/** bigint columns arrive as BigInt. */
export interface PaymentRow {
  payment_id: string;
  order_id: string;
  user_id: string;
  amount: bigint;
  currency: string;
  status: PaymentStatus;
  charge_id: string | null;
  pay_url: string | null;
  provider_txn_id: string | null;
  created_at: Date;
  paid_at: Date | null;
}

export interface PaymentOrderRow {
  order_id: string;
  status: PaymentOrderStatus;
}

export interface RefundRow {
  refund_id: string;
  payment_id: string;
  order_id: string;
  provider_txn_id: string;
  amount: bigint;
  currency: string;
  status: 'REQUESTED' | 'REFUNDED';
  attempts: number;
}

/**
 * `statement`, if it finds a row (that meets `condition`) for each of its lines; else all that runs with it is rolled back.
 * Its first parameter is a column of uuids or texts.
 */
const orRefuse = ({ name, text }: NamedStatement, reason: string, condition = 'true'): ColumnarStatement => ({
  name: `${name}-or-refuse`,
  columnar: true,
  text: `WITH found AS (${text})
         SELECT refuse_unless(count(*) = cardinality($1), '${reason}') FROM found WHERE ${condition}`,
});

/** The fence, with the status it has when nobody was here before: OPEN for a payment, CLOSED for a close. */
export const insertPaymentOrder = {
  name: 'insert-payment-order',
  text: 'INSERT INTO payment_orders (order_id, status) VALUES ($1, $2) ON CONFLICT DO NOTHING',
};

/** A statement of its own after the insert, so that it sees what the one it waited for has committed. */
export const lockPaymentOrder = {
  name: 'lock-payment-order',
  text: 'SELECT order_id, status FROM payment_orders WHERE order_id = $1 FOR UPDATE',
};

/** Sorted, so that two of these wait for each other in one direction. */
export const lockOpenPaymentOrder = orRefuse(
  {
    name: 'lock-open-payment-order',
    text: `SELECT status FROM payment_orders JOIN unnest($1::uuid[]) AS wanted (order_id) USING (order_id)
            WHERE order_id = ANY ($1) ORDER BY order_id FOR UPDATE OF payment_orders`,
  },
  'FENCE_NOT_OPEN',
  `status = 'OPEN'`,
);

export const closePaymentOrder = {
  name: 'close-payment-order',
  text: `UPDATE payment_orders SET status = 'CLOSED', updated_at = now() WHERE order_id = $1 AND status = 'OPEN'`,
};

/** Changes nothing beside a PAID one: of an order's payments one is live at most. */
export const closePayments = {
  name: 'close-payments',
  text: `UPDATE payments SET status = 'CLOSED' WHERE order_id = $1 AND status IN ('CREATED', 'PAYING')`,
};

export const payPaymentOrder = orRefuse(
  {
    name: 'pay-payment-order',
    text: `UPDATE payment_orders SET status = 'PAID', updated_at = now()
             FROM unnest($1::uuid[]) AS paid (order_id)
            WHERE payment_orders.order_id = paid.order_id AND payment_orders.order_id = ANY ($1) AND status = 'OPEN'
        RETURNING paid.order_id`,
  },
  'FENCE_NOT_OPEN',
);

const OPENED = `unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[])`;

/** Columns as those of {@link insertFirstPayment}. */
export const insertPayment = {
  name: 'insert-payment',
  columnar: true,
  text: `INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status)
         SELECT opened.*, 'CREATED' FROM ${OPENED} AS opened RETURNING *`,
} as const;

/** With the fence, and only if that is new. No row: somebody has opened, paid or closed before. */
export const insertFirstPayment = {
  name: 'insert-first-payment',
  columnar: true,
  text: `WITH fence AS (
           INSERT INTO payment_orders (order_id, status)
           SELECT order_id, 'OPEN' FROM unnest($2::uuid[]) AS wanted (order_id) ORDER BY order_id
           ON CONFLICT DO NOTHING RETURNING order_id
         ), payment AS (
           INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status)
           SELECT opened.*, 'CREATED'
             FROM ${OPENED} AS opened (payment_id, order_id, user_id, amount, currency)
             JOIN fence USING (order_id)
           RETURNING *)
         SELECT line::int AS line, payment.*
           FROM payment JOIN unnest($1::uuid[]) WITH ORDINALITY AS wanted (payment_id, line) USING (payment_id)`,
} as const;

/** The one payment of the order that is not closed, if there is one: the partial unique index allows no second. */
export const selectLivePayment = {
  name: 'select-live-payment',
  text: `SELECT * FROM payments WHERE order_id = $1 AND status IN ('CREATED', 'PAYING', 'PAID')`,
};

export const selectPayment = { name: 'select-payment', text: 'SELECT * FROM payments WHERE payment_id = $1' };

export const selectPaymentsOfOrder = {
  name: 'select-payments-of-order',
  text: 'SELECT * FROM payments WHERE order_id = $1 ORDER BY created_at',
};

/** The provider has the charge. Zero rows: it was paid or closed meanwhile. */
export const startPaying = {
  name: 'start-paying',
  columnar: true,
  text: `UPDATE payments SET status = 'PAYING', charge_id = charge.charge_id, pay_url = charge.pay_url
           FROM unnest($1::uuid[], $2::text[], $3::text[]) AS charge (payment_id, charge_id, pay_url)
          WHERE payments.payment_id = charge.payment_id AND payments.payment_id = ANY ($1) AND status || '' = 'CREATED'
        RETURNING payments.payment_id`,
} as const;

export const startPayingOrRefuse = orRefuse(startPaying, 'NOT_CREATED');

/** Whether a transaction of the provider was counted for, or goes back to, another payment: the same money pays once. */
const isForeign = (transaction: string, payment: string): string =>
  `EXISTS (SELECT FROM payments WHERE provider_txn_id = ${transaction} AND payment_id <> ${payment})
             OR EXISTS (SELECT FROM refunds WHERE provider_txn_id = ${transaction} AND payment_id <> ${payment})`;

export const findForeignTransaction = {
  name: 'find-foreign-transaction',
  text: `SELECT ${isForeign('$2', '$1')} AS "isForeign"`,
};

/** The last word on money, whichever way it came: every condition stands here, whatever was looked at before. */
export const payPayment = orRefuse(
  {
    name: 'pay-payment',
    text: `UPDATE payments SET status = 'PAID', provider_txn_id = told.txn_id, paid_at = told.paid_at
             FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::bigint[], $6::text[])
               AS told (payment_id, txn_id, paid_at, order_id, amount, currency)
            WHERE payments.payment_id = told.payment_id AND payments.payment_id = ANY ($1) AND payments.order_id = told.order_id
              AND payments.amount = told.amount AND payments.currency = told.currency
              AND status || '' IN ('CREATED', 'PAYING') AND NOT (${isForeign('told.txn_id', 'told.payment_id')})
        RETURNING payments.payment_id`,
  },
  'PAYMENT_DOES_NOT_FIT',
);

const INSERT_EVENT = `INSERT INTO payment_events (event_id, outcome, body)
         SELECT event_id, outcome, body::jsonb
           FROM unnest($1::text[], $2::text[], $3::text[]) AS event (event_id, outcome, body) ORDER BY event_id`;

/** For an event that nobody has told before; of another the key refuses it. */
export const insertEvent = { name: 'insert-event', columnar: true, text: INSERT_EVENT } as const;

/** The event's row is the claim: two deliveries at once queue up here. An earlier refusal is looked at again. */
export const recordEvent = {
  name: 'record-event',
  columnar: true,
  text: `${INSERT_EVENT}
         ON CONFLICT (event_id) DO UPDATE SET deliveries = payment_events.deliveries + 1
         RETURNING outcome`,
} as const;

export const settleEvent = {
  name: 'settle-event',
  text: 'UPDATE payment_events SET outcome = $2 WHERE event_id = $1',
};

export const insertRefund = {
  name: 'insert-refund',
  text: `INSERT INTO refunds (refund_id, payment_id, order_id, provider_txn_id, amount, currency, reason, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'REQUESTED') ON CONFLICT (provider_txn_id) DO NOTHING`,
};

/**
 * Takes due refunds and moves their next attempt ahead, so that no other replica asks for the same ones meanwhile
 * and one whose provider is down waits twice as long each time, up to a minute.
 */
export const claimDueRefunds = {
  name: 'claim-due-refunds',
  text: `UPDATE refunds
            SET attempts = attempts + 1,
                next_attempt_at = now() + least(60, power(2, least(attempts, 6))) * interval '1 second'
          WHERE refund_id IN (SELECT refund_id FROM refunds
                               WHERE status = 'REQUESTED' AND next_attempt_at <= now()
                               ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING *`,
};

export const finishRefund = {
  name: 'finish-refund',
  text: `UPDATE refunds SET status = 'REFUNDED', refunded_at = now() WHERE refund_id = $1 AND status = 'REQUESTED'`,
};

/** The refunds of what `payments` selects, with the same values. */
const refundsOf = (payments: NamedStatement): NamedStatement => ({
  name: `${payments.name}-refunds`,
  text: `SELECT refund_id, payment_id, amount, currency, reason, status, refunded_at FROM refunds
          WHERE payment_id IN (SELECT payment_id FROM (${payments.text}) AS selected) ORDER BY created_at`,
});

export const selectRefundsOfPayment = refundsOf(selectPayment);

export const selectRefundsOfOrder = refundsOf(selectPaymentsOfOrder);
