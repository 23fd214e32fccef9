import { createConsumedMessagesTable, dropConsumedMessagesTable } from '@rocketshop/idempotency';
import { createOutboxTable, dropOutboxTable } from '@rocketshop/outbox';
import { createRefuseUnless, dropRefuseUnless } from '@rocketshop/pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { balanceLog } from '../balance-log.js';

/*
 * accounts: every update sets version = version + 1. The balance is the sum of the buyer's ledger entries.
 * ledger_entries: the trigger checks what one statement adds. So double entry holds for every writer, at the cost of summing
 * two rows.
 */
const CREATE = [
  `CREATE TABLE users (
    user_id text CONSTRAINT users_pkey PRIMARY KEY,
    name text NOT NULL
  )`,
  `CREATE TABLE accounts (
    user_id text CONSTRAINT accounts_pkey PRIMARY KEY CONSTRAINT accounts_user_id_fkey REFERENCES users (user_id),
    currency text NOT NULL,
    balance bigint NOT NULL CONSTRAINT accounts_balance_not_negative CHECK (balance >= 0),
    version bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 70)`,
  `CREATE TABLE ledger_entries (
    transaction_id text NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL CONSTRAINT ledger_entries_amount_not_zero CHECK (amount <> 0),
    currency text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_entries_pkey PRIMARY KEY (transaction_id, account)
  )`,
  `CREATE INDEX ledger_entries_account ON ledger_entries (account)`,
  `CREATE FUNCTION refuse_unbalanced_ledger_entries() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM added GROUP BY transaction_id, currency HAVING sum(amount) <> 0) THEN
      RAISE EXCEPTION 'the entries of a ledger transaction must sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER ledger_entries_sum_zero AFTER INSERT ON ledger_entries
   REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_ledger_entries()`,
];

export class CreateUser1780000000000 implements MigrationInterface {
  readonly name = 'CreateUser1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    for (const statement of CREATE) await runner.query(statement);
    await balanceLog.createTables(runner);
    await createConsumedMessagesTable(runner);
    await createOutboxTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTable(runner);
    await dropConsumedMessagesTable(runner);
    await balanceLog.dropTables(runner);
    await runner.query('DROP TABLE ledger_entries, accounts, users');
    await runner.query('DROP FUNCTION refuse_unbalanced_ledger_entries');
    await dropRefuseUnless(runner);
  }
}
