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
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePay1780000000000 implements MigrationInterface {
  readonly name = 'CreatePay1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createRefuseUnless(runner);
    await runner.query(`
      CREATE TABLE payment_orders (
        order_id uuid PRIMARY KEY,
        status text NOT NULL CHECK (status IN ('OPEN', 'PAID', 'CLOSED')),
        updated_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE TABLE payments (
        payment_id uuid PRIMARY KEY,
        order_id uuid NOT NULL REFERENCES payment_orders,
        user_id text NOT NULL,
        amount bigint NOT NULL CHECK (amount > 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        status text NOT NULL CHECK (status IN ('CREATED', 'PAYING', 'PAID', 'CLOSED')),
        charge_id text,
        pay_url text,
        provider_txn_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        paid_at timestamptz,
        CONSTRAINT paid_has_transaction CHECK (status <> 'PAID' OR provider_txn_id IS NOT NULL)
      ) WITH (fillfactor = 70)`);
    // A buyer may have two tabs that reach two replicas. The database itself allows one live payment of an order.
    await runner.query(`
      CREATE UNIQUE INDEX payments_one_live_per_order ON payments (order_id) WHERE status IN ('CREATED', 'PAYING', 'PAID')`);
    await runner.query('CREATE INDEX payments_of_order ON payments (order_id)');
    await runner.query('CREATE UNIQUE INDEX payments_provider_txn ON payments (provider_txn_id)');
    await runner.query(`
      CREATE TABLE payment_events (
        event_id text PRIMARY KEY,
        outcome text NOT NULL,
        body jsonb NOT NULL,
        deliveries int NOT NULL DEFAULT 1,
        received_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE TABLE refunds (
        refund_id uuid PRIMARY KEY,
        payment_id uuid NOT NULL REFERENCES payments,
        order_id uuid NOT NULL,
        provider_txn_id text NOT NULL,
        amount bigint NOT NULL CHECK (amount > 0),
        currency text NOT NULL,
        reason text NOT NULL CHECK (reason IN ('LATE', 'DOUBLE')),
        status text NOT NULL CHECK (status IN ('REQUESTED', 'REFUNDED')),
        attempts int NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        refunded_at timestamptz
      ) WITH (fillfactor = 70)`);
    // One transaction of the provider is refunded once, however many events report it.
    await runner.query('CREATE UNIQUE INDEX refunds_once_per_txn ON refunds (provider_txn_id)');
    await runner.query('CREATE INDEX refunds_of_payment ON refunds (payment_id)');
    await runner.query(`CREATE INDEX refunds_open ON refunds (next_attempt_at) WHERE status = 'REQUESTED'`);
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
    await runner.query('DROP TABLE refunds, payment_events, payments, payment_orders');
    await dropRefuseUnless(runner);
  }
}
