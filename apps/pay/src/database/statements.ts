import type { NamedStatement } from '@rocketshop/service-defaults';
import type { PaymentOrderStatus, PaymentStatus } from '../domain/payment-status.js';

/*
 * The pay service's hot statements. Whoever changes anything about an order's payments locks its row in payment_orders
 * first (insertPaymentOrder, then lockPaymentOrder): of a payment and a close at the same moment one waits for the other.
 * Each runs on the connection of its caller's transaction, prepared under its name.
 *
 * What happens with nearly every payment goes a short way, all of its statements in one round trip; where one of them says
 * no, nothing of it stays and the long way decides from scratch. Both ways share their SQL.
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

/** `statement`, if it finds one row (of those that meet `condition`); else all that runs with it is rolled back. */
const orRefuse = ({ name, text }: NamedStatement, reason: string, condition = 'true'): NamedStatement => ({
  name: `${name}-or-refuse`,
  text: `WITH found AS (${text}) SELECT refuse_unless(count(*) = 1, '${reason}') FROM found WHERE ${condition}`,
});

const insertFence = (orderId: string, status: string): string =>
  `INSERT INTO payment_orders (order_id, status) VALUES (${orderId}, ${status}) ON CONFLICT DO NOTHING`;

/** The fence, with the status it has when nobody was here before: OPEN for a payment, CLOSED for a close. */
export const insertPaymentOrder = {
  name: 'insert-payment-order',
  text: insertFence('$1', '$2'),
};

/** A statement of its own after the insert, so that it sees what the one it waited for has committed. */
export const lockPaymentOrder = {
  name: 'lock-payment-order',
  text: 'SELECT order_id, status FROM payment_orders WHERE order_id = $1 FOR UPDATE',
};

export const lockOpenPaymentOrder = orRefuse(lockPaymentOrder, 'FENCE_NOT_OPEN', `status = 'OPEN'`);

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
            WHERE order_id = $1 AND status = 'OPEN' RETURNING order_id`,
  },
  'FENCE_NOT_OPEN',
);

const INSERT_PAYMENT = `INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status)
         SELECT $1::uuid, $2::uuid, $3::text, $4::bigint, $5::text, 'CREATED'`;

export const insertPayment = { name: 'insert-payment', text: `${INSERT_PAYMENT} RETURNING *` };

/** With the fence, and only if that is new. Zero rows: somebody has opened, paid or closed before. */
export const insertFirstPayment = {
  name: 'insert-first-payment',
  text: `WITH fence AS (${insertFence('$2', `'OPEN'`)} RETURNING order_id) ${INSERT_PAYMENT} FROM fence RETURNING *`,
};

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
  text: `UPDATE payments SET status = 'PAYING', charge_id = $2, pay_url = $3
          WHERE payment_id = $1 AND status = 'CREATED' RETURNING *`,
};

export const startPayingOrRefuse = orRefuse(startPaying, 'NOT_CREATED');

/** Whether transaction $2 of the provider was counted for, or goes back to, another payment than $1: the same money pays once. */
const IS_FOREIGN = `EXISTS (SELECT FROM payments WHERE provider_txn_id = $2 AND payment_id <> $1)
             OR EXISTS (SELECT FROM refunds WHERE provider_txn_id = $2 AND payment_id <> $1)`;

export const findForeignTransaction = {
  name: 'find-foreign-transaction',
  text: `SELECT ${IS_FOREIGN} AS "isForeign"`,
};

/** The last word on money, whichever way it came: every condition stands here, whatever was looked at before. */
export const payPayment = orRefuse(
  {
    name: 'pay-payment',
    text: `UPDATE payments SET status = 'PAID', provider_txn_id = $2, paid_at = $3
            WHERE payment_id = $1 AND order_id = $4 AND amount = $5 AND currency = $6
              AND status IN ('CREATED', 'PAYING') AND NOT (${IS_FOREIGN}) RETURNING payment_id`,
  },
  'PAYMENT_DOES_NOT_FIT',
);

const INSERT_EVENT = 'INSERT INTO payment_events (event_id, outcome, body) VALUES ($1, $2, $3)';

/** For an event that nobody has told before; of another the key refuses it. */
export const insertEvent = { name: 'insert-event', text: INSERT_EVENT };

/** The event's row is the claim: two deliveries at once queue up here. An earlier refusal is looked at again. */
export const recordEvent = {
  name: 'record-event',
  text: `${INSERT_EVENT}
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

/** The refunds of what `payments` selects, with the same values. */
const refundsOf = (payments: NamedStatement): NamedStatement => ({
  name: `${payments.name}-refunds`,
  text: `SELECT refund_id, payment_id, amount, currency, reason, status, refunded_at FROM refunds
          WHERE payment_id IN (SELECT payment_id FROM (${payments.text}) AS selected) ORDER BY created_at`,
});

export const selectRefundsOfPayment = refundsOf(selectPayment);

export const selectRefundsOfOrder = refundsOf(selectPaymentsOfOrder);
