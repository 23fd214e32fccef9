/**
 * The hot statements, prepared once a connection. A deduction and what undoes it stand side by side. Those of a deduction
 * say no themselves, by `refuse_unless`, so that they can be sent together. Columnar ones say twice whose accounts they are
 * about, by the join and by `= ANY`, so that a plan made for a small table has a key to go by from whichever side it joins.
 */

/**
 * Claims the orders' keys for the deduct. Waits while a cancel of one of them is open; fewer rows than orders means one
 * has been seen before, and is refused. Sorted, so that two of these wait for each other in one direction.
 */
export const logDeduct = {
  name: 'log-deduct',
  columnar: true,
  text: `WITH claimed AS (
           INSERT INTO balance_success_log (order_id, user_id, amount, currency, outcome)
           SELECT deduct.order_id, deduct.user_id, deduct.amount, deduct.currency, 'DEDUCTED'
           FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[]) AS deduct (order_id, user_id, amount, currency)
           ORDER BY deduct.order_id
           ON CONFLICT DO NOTHING
           RETURNING order_id
         )
         SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'SEEN_BEFORE') FROM claimed`,
} as const;

/**
 * Moves money between buyers and the shop: the balances and both ledger entries of each move in one statement, so that no
 * caller can write one without the other. A negative amount leaves the buyer. Two entries a move; none for the moves of a
 * buyer who has no account in this currency or would go below zero. The condition is checked again on the newest version
 * of a row that another transaction held, so nothing is ever spent twice. Accounts are locked in sorted order, so that two
 * of these cannot deadlock; one changes once for all its moves, and its version counts each of them.
 */
const MOVE = `WITH move AS (
           SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
             AS move (user_id, amount, currency, transaction_id, buyer, shop)
         ), locked AS MATERIALIZED (
           SELECT accounts.user_id, total.currency, total.amount, total.moves
           FROM accounts JOIN (SELECT user_id, currency, sum(amount) AS amount, count(*) AS moves
                                 FROM move GROUP BY user_id, currency) AS total USING (user_id)
           WHERE user_id = ANY ($1)
           ORDER BY accounts.user_id
           FOR UPDATE OF accounts
         ), account AS (
           UPDATE accounts SET balance = accounts.balance + locked.amount, version = accounts.version + locked.moves
           FROM locked
           WHERE accounts.user_id = locked.user_id AND accounts.user_id = ANY ($1) AND accounts.currency = locked.currency
             AND accounts.balance + locked.amount >= 0
           RETURNING accounts.user_id, accounts.currency
         ), entries AS (
           INSERT INTO ledger_entries (transaction_id, account, amount, currency)
           SELECT move.transaction_id, entry.account, entry.amount, move.currency
           FROM account JOIN move USING (user_id, currency)
           CROSS JOIN LATERAL (VALUES (move.buyer, move.amount), (move.shop, -move.amount)) AS entry (account, amount)
           RETURNING account
         )`;

/** The deduct's move. */
export const takeBalance = {
  name: 'take-balance',
  columnar: true,
  text: `${MOVE} SELECT refuse_unless(count(*) = 2 * cardinality($1::text[]), 'NOT_ENOUGH') FROM entries`,
} as const;

/** The cancel's move. Zero rows: not moved. */
export const giveBackBalance = {
  name: 'give-back-balance',
  columnar: true,
  text: `${MOVE} SELECT FROM entries`,
} as const;

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
  columnar: true,
  text: `SELECT wanted.line::int AS line, user_id, balance, currency
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (user_id, line) JOIN accounts USING (user_id)
         WHERE user_id = ANY ($1)`,
} as const;
