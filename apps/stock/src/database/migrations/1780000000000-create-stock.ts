import { createConsumedMessagesTable, dropConsumedMessagesTable } from '@rocketshop/idempotency';
import { createOutboxTable, dropOutboxTable } from '@rocketshop/outbox';
import { createRefuseUnless, dropRefuseUnless } from '@rocketshop/service-defaults';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * goods: every update sets version = version + 1. Fillfactor 70 leaves room on the page for the next version of a busy
 * row, so that an update touches no index.
 */
const CREATE = [
  `CREATE TABLE goods (
    goods_id text CONSTRAINT goods_pkey PRIMARY KEY,
    name text NOT NULL,
    unit_price bigint NOT NULL CONSTRAINT goods_unit_price_not_negative CHECK (unit_price >= 0),
    currency text NOT NULL,
    initial_quantity integer NOT NULL CONSTRAINT goods_initial_quantity_not_negative CHECK (initial_quantity >= 0),
    available integer NOT NULL CONSTRAINT goods_available_not_negative CHECK (available >= 0),
    version bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 70)`,
  `CREATE TABLE stock_success_log (
    order_id uuid NOT NULL,
    goods_id text NOT NULL,
    quantity integer NOT NULL,
    outcome text NOT NULL CONSTRAINT stock_success_log_outcome CHECK (outcome IN ('DEDUCTED', 'FENCED')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_success_log_pkey PRIMARY KEY (order_id, goods_id)
  )`,
  `CREATE TABLE stock_compensation_log (
    order_id uuid NOT NULL,
    goods_id text NOT NULL,
    quantity integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_compensation_log_pkey PRIMARY KEY (order_id, goods_id)
  )`,
];

export class CreateStock1780000000000 implements MigrationInterface {
  readonly name = 'CreateStock1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    for (const statement of CREATE) await runner.query(statement);
    await createConsumedMessagesTable(runner);
    await createOutboxTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTable(runner);
    await dropConsumedMessagesTable(runner);
    await runner.query('DROP TABLE stock_compensation_log, stock_success_log, goods');
    await dropRefuseUnless(runner);
  }
}
