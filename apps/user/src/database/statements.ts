/**
 * The hot statements, prepared once a connection. A deduction and what undoes it stand side by side. Those of a deduction
 * say no themselves, by `refuse_unless`, so that they can be sent together.
 */

/**
 * Claims the order's key for the deduct. Waits while a cancel of the same order is open; zero rows means this order has
 * been seen before, and is refused.
 */
export const logDeduct = {
  name: 'log-deduct',
  text: `WITH claimed AS (
           INSERT INTO balance_success_log (order_id, user_id, amount, currency, outcome)
           VALUES ($1, $2, $3, $4, 'DEDUCTED')
           ON CONFLICT DO NOTHING
           RETURNING order_id
         )
         SELECT refuse_unless(count(*) = 1, 'SEEN_BEFORE') FROM claimed`,
};

/**
 * Moves money between a buyer and the shop: the balance and both ledger entries in one statement, so that no caller can
 * write one without the other. A negative amount leaves the buyer. Two entries when moved, none when there is no such
 * account in this currency or it would go below zero; the condition is checked again on the newest version of a row
 * that another transaction held, so nothing is ever spent twice.
 */
const MOVE = `WITH account AS (
           UPDATE accounts SET balance = balance + $2::bigint, version = version + 1
           WHERE user_id = $1 AND currency = $3 AND balance + $2::bigint >= 0
           RETURNING currency
         ), entries AS (
           INSERT INTO ledger_entries (transaction_id, account, amount, currency)
           SELECT $4, entry.account, entry.amount, account.currency
           FROM account
           CROSS JOIN (VALUES ($5::text, $2::bigint), ($6::text, -$2::bigint)) AS entry (account, amount)
           RETURNING account
         )`;

/** The deduct's move. */
export const takeBalance = {
  name: 'take-balance',
  text: `${MOVE} SELECT refuse_unless(count(*) = 2, 'NOT_ENOUGH') FROM entries`,
};

/** The cancel's move. Zero rows: not moved. */
export const giveBackBalance = {
  name: 'give-back-balance',
  text: `${MOVE} SELECT FROM entries`,
};

/** The cancel's claim of the same key. Waits while a deduct is open; changes nothing where the deduct was first. */
export const fenceOrder = {
  name: 'fence-order',
  text: `INSERT INTO balance_success_log (order_id, user_id, amount, currency, outcome)
         VALUES ($1, $2, 0, $3, 'FENCED')
         ON CONFLICT DO NOTHING`,
};

/**
 * What the log knows of an order, locked. A statement of its own after the fence: the fence's snapshot is older than
 * the deduct it may have waited for, so a single statement would not see that deduct.
 */
export const lockOrderLog = {
  name: 'lock-order-log',
  text: `SELECT user_id, amount, currency, outcome FROM balance_success_log WHERE order_id = $1 FOR UPDATE`,
};

/** The same without a lock, with what was given back: for the answer to a repeated deduct. */
export const readOrderLog = {
  name: 'read-order-log',
  text: `SELECT success.user_id, success.amount, success.currency, success.outcome,
                compensation.order_id IS NOT NULL AS compensated
         FROM balance_success_log success
         LEFT JOIN balance_compensation_log compensation USING (order_id)
         WHERE success.order_id = $1`,
};

/** Claims the give-back. Zero rows: it was given back before. */
export const logCompensation = {
  name: 'log-compensation',
  text: `INSERT INTO balance_compensation_log (order_id, user_id, amount, currency)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING`,
};

export const readAccount = {
  name: 'read-account',
  text: `SELECT user_id, balance, currency FROM accounts WHERE user_id = $1`,
};
