import type { PaymentOrderStatus, PaymentStatus } from '../domain/payment-status.js';

/*
 * The pay service's hot statements. Whoever changes anything about an order's payments locks its row in payment_orders
 * first (insertPaymentOrder, then lockPaymentOrder): of a payment and a close at the same moment one waits for the other.
 * Each runs on the connection of its caller's transaction, prepared under its name.
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

export const closePaymentOrder = {
  name: 'close-payment-order',
  text: `UPDATE payment_orders SET status = 'CLOSED', updated_at = now() WHERE order_id = $1 AND status = 'OPEN'`,
};

export const closePayments = {
  name: 'close-payments',
  text: `UPDATE payments SET status = 'CLOSED' WHERE order_id = $1 AND status IN ('CREATED', 'PAYING')`,
};

export const payPaymentOrder = {
  name: 'pay-payment-order',
  text: `UPDATE payment_orders SET status = 'PAID', updated_at = now() WHERE order_id = $1 AND status = 'OPEN'`,
};

export const insertPayment = {
  name: 'insert-payment',
  text: `INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status)
         VALUES ($1, $2, $3, $4, $5, 'CREATED') RETURNING *`,
};

/** The one payment of the order that is not closed, if there is one: the partial unique index allows no second. */
export const selectLivePayment = {
  name: 'select-live-payment',
  text: `SELECT * FROM payments WHERE order_id = $1 AND status IN ('CREATED', 'PAYING', 'PAID')`,
};

export const selectPayment = { name: 'select-payment', text: 'SELECT * FROM payments WHERE payment_id = $1' };

export const selectPaymentsOfOrder = {
  name: 'select-payments-of-order',
  text: 'SELECT * FROM payments WHERE order_id = $1 AND user_id = $2 ORDER BY created_at',
};

/** The provider has the charge. Zero rows: it was paid or closed meanwhile. */
export const startPaying = {
  name: 'start-paying',
  text: `UPDATE payments SET status = 'PAYING', charge_id = $2, pay_url = $3
          WHERE payment_id = $1 AND status = 'CREATED' RETURNING *`,
};

export const payPayment = {
  name: 'pay-payment',
  text: `UPDATE payments SET status = 'PAID', provider_txn_id = $2, paid_at = now()
          WHERE payment_id = $1 AND status IN ('CREATED', 'PAYING') RETURNING *`,
};

/** Whether a transaction of the provider was counted for, or goes back to, another payment: the same money pays once. */
export const findForeignTransaction = {
  name: 'find-foreign-transaction',
  text: `SELECT EXISTS (SELECT FROM payments WHERE provider_txn_id = $1 AND payment_id <> $2)
             OR EXISTS (SELECT FROM refunds WHERE provider_txn_id = $1 AND payment_id <> $2) AS "isForeign"`,
};

/** The event's row is the claim: two deliveries at once queue up here. An earlier refusal is looked at again. */
export const recordEvent = {
  name: 'record-event',
  text: `INSERT INTO payment_events (event_id, outcome, body) VALUES ($1, 'RECEIVED', $2)
         ON CONFLICT (event_id) DO UPDATE SET deliveries = payment_events.deliveries + 1
         RETURNING outcome`,
};

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

export const selectRefundsOfOrder = {
  name: 'select-refunds-of-order',
  text: `SELECT refund_id, payment_id, amount, currency, reason, status, refunded_at FROM refunds
          WHERE payment_id = ANY($1::uuid[]) ORDER BY created_at`,
};
