import { columnsOf } from '@rocketshop/service-defaults';
import { AccountEntity } from './entities/account.entity.js';

/*
 * The hot statements. A deduction and what undoes it stand side by side. A columnar statement is executed once for many
 * orders; it names its keys by `= ANY ($1)` beside the join, so that every plan goes by the key (libs/pg/README.md, "Plans").
 */

/**
 * Moves money between buyers and the shop. The balances and both ledger entries of each move are one statement, so that no
 * caller can write one without the other. A negative amount is taken from the buyer. Each move writes two entries; a move of a
 * buyer without an account in this currency, or with a balance that would go below zero, writes none. PostgreSQL checks the
 * condition again on the newest version of a row that another transaction held, so nothing is spent twice. Accounts are locked
 * in sorted order, so that two such statements cannot deadlock. An account changes once for all its moves, and its version
 * counts each of them.
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

/** Moves money for a deduct, or refuses. */
export const TAKE_BALANCE = {
  name: 'take-balance',
  columnar: true,
  text: `${MOVE} SELECT refuse_unless(count(*) = 2 * cardinality($1::text[]), 'NOT_ENOUGH') FROM entries`,
} as const;

/** Moves money back for a cancel. It returns no row when nothing was moved. */
export const GIVE_BACK_BALANCE = {
  name: 'give-back-balance',
  columnar: true,
  text: `${MOVE} SELECT FROM entries`,
} as const;

export const READ_ACCOUNT = {
  name: 'read-account',
  columnar: true,
  text: `SELECT wanted.line::int AS line, ${columnsOf(AccountEntity)}
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (user_id, line) JOIN accounts USING (user_id)
         WHERE user_id = ANY ($1)`,
} as const;
