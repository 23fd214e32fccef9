import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  createConsumedMessagesTable,
  createIdempotencyKeysTable,
  createInstallationTable,
  dropConsumedMessagesTable,
  dropIdempotencyKeysTable,
  dropInstallationTable,
} from '@rocketshop/idempotency';
import { createOutboxTable, dropOutboxTable } from '@rocketshop/outbox';
import { createRefuseUnless, dropRefuseUnless } from '@rocketshop/pg';

export class CreateOrder1780000000000 implements MigrationInterface {
  readonly name = 'CreateOrder1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    await runner.query(`
      CREATE TABLE orders (
        order_id uuid PRIMARY KEY,
        user_id text NOT NULL,
        status text NOT NULL CHECK (status IN ('PENDING', 'CONFIRMED', 'PAID', 'CANCELLING', 'CANCELLED')),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        total bigint NOT NULL CHECK (total >= 0),
        discount bigint NOT NULL CHECK (discount >= 0),
        balance_used bigint NOT NULL CHECK (balance_used >= 0),
        payable bigint NOT NULL CHECK (payable >= 0),
        coupon_id text,
        idempotency_key text NOT NULL,
        created_at timestamptz NOT NULL,
        abandon_at timestamptz NOT NULL,
        confirmed_at timestamptz,
        close_at timestamptz,
        paid_at timestamptz,
        payment_id uuid,
        late_payment_id uuid,
        cancel_reason text,
        cancel_detail text,
        cancelled_by text CHECK (cancelled_by IN ('flow', 'buyer', 'timer', 'sweeper')),
        cancelling_at timestamptz,
        cancel_sent_at timestamptz,
        cancelled_at timestamptz,
        CONSTRAINT money_equation CHECK (total = discount + balance_used + payable)
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE TABLE order_items (
        order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
        goods_id text NOT NULL,
        name text NOT NULL,
        quantity int NOT NULL CHECK (quantity > 0),
        unit_price bigint NOT NULL CHECK (unit_price >= 0),
        PRIMARY KEY (order_id, goods_id)
      )`);
    await runner.query(`
      CREATE TABLE order_compensations (
        order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
        participant text NOT NULL CHECK (participant IN ('stock', 'coupon', 'user', 'pay')),
        outcome text NOT NULL,
        compensated_at timestamptz NOT NULL,
        PRIMARY KEY (order_id, participant)
      )`);
    // The sweeper looks for the few orders that are stuck. Partial indexes have no finished orders, so a sweep reads few rows.
    await runner.query(`CREATE INDEX orders_pending ON orders (abandon_at) WHERE status = 'PENDING'`);
    await runner.query(`CREATE INDEX orders_unpaid ON orders (close_at) WHERE status = 'CONFIRMED'`);
    await runner.query(`CREATE INDEX orders_cancelling ON orders (cancel_sent_at) WHERE status = 'CANCELLING'`);
    await runner.query('CREATE INDEX orders_of_user ON orders (user_id, created_at DESC)');
    await createIdempotencyKeysTable(runner);
    await createInstallationTable(runner);
    await createConsumedMessagesTable(runner);
    await createOutboxTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTable(runner);
    await dropConsumedMessagesTable(runner);
    await dropInstallationTable(runner);
    await dropIdempotencyKeysTable(runner);
    await runner.query('DROP TABLE order_compensations, order_items, orders');
    await dropRefuseUnless(runner);
  }
}
