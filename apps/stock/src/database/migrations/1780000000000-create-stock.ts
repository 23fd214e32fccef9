import { createConsumedMessagesTable, dropConsumedMessagesTable } from '@rocketshop/idempotency';
import { createOutboxTable, dropOutboxTable } from '@rocketshop/outbox';
import { createRefuseUnless, dropRefuseUnless } from '@rocketshop/pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { stockLog } from '../stock-log.js';

/*
 * Every update of a goods row sets version = version + 1. Fillfactor 70 leaves room on the page for the next version of a busy
 * row, so that an update touches no index.
 */
const CREATE_GOODS = `CREATE TABLE goods (
    goods_id text CONSTRAINT goods_pkey PRIMARY KEY,
    name text NOT NULL,
    unit_price bigint NOT NULL CONSTRAINT goods_unit_price_not_negative CHECK (unit_price >= 0),
    currency text NOT NULL,
    initial_quantity integer NOT NULL CONSTRAINT goods_initial_quantity_not_negative CHECK (initial_quantity >= 0),
    available integer NOT NULL CONSTRAINT goods_available_not_negative CHECK (available >= 0),
    version bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 70)`;

export class CreateStock1780000000000 implements MigrationInterface {
  readonly name = 'CreateStock1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    await runner.query(CREATE_GOODS);
    await stockLog.createTables(runner);
    await createConsumedMessagesTable(runner);
    await createOutboxTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTable(runner);
    await dropConsumedMessagesTable(runner);
    await stockLog.dropTables(runner);
    await runner.query('DROP TABLE goods');
    await dropRefuseUnless(runner);
  }
}
