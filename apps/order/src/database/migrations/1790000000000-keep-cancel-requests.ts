import { createIndexInUse } from '@rocketshop/pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders get the request to cancel, which is kept before pay is asked, and the sweeper's next attempt. */
export class KeepCancelRequests1790000000000 implements MigrationInterface {
  readonly name = 'KeepCancelRequests1790000000000';
  /*
   * The old version goes on meanwhile. In one transaction the table of orders would be locked until the last index is there. So each
   * step commits by itself, and a migration that was interrupted begins anew and finds what is done.
   */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE orders
        ADD COLUMN IF NOT EXISTS cancel_requested_at timestamptz,
        ADD COLUMN IF NOT EXISTS cancel_requested_by text CHECK (cancel_requested_by IN ('buyer', 'timer', 'sweeper')),
        ADD COLUMN IF NOT EXISTS attempts int NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS next_attempt_at timestamptz`);
    // Each index has the few orders that one sweep looks for, by the time at which they are due: GREATEST passes over a null.
    await createIndexInUse(
      runner,
      'orders_pending',
      `orders (greatest(abandon_at, next_attempt_at)) WHERE status = 'PENDING'`,
    );
    await createIndexInUse(
      runner,
      'orders_unpaid',
      `orders (greatest(close_at, next_attempt_at)) WHERE status = 'CONFIRMED' AND cancel_requested_at IS NULL`,
    );
    await createIndexInUse(
      runner,
      'orders_cancel_requested',
      `orders (greatest(cancel_requested_at, next_attempt_at))
       WHERE status = 'CONFIRMED' AND cancel_requested_at IS NOT NULL`,
    );
    await createIndexInUse(
      runner,
      'orders_cancelling',
      `orders (greatest(cancel_sent_at, next_attempt_at)) WHERE status = 'CANCELLING'`,
    );
    // These were answered 503, which an honest client repeats with the same key for ever.
    await runner.query(`
      UPDATE idempotency_keys
         SET answer_status = 410,
             answer_body = (answer_body::jsonb || jsonb_build_object(
               'type', 'urn:rocketshop:problem:order-undone', 'status', 410, 'code', 'ORDER_UNDONE',
               'reason', answer_body ->> 'code',
               'title', 'The order could not be completed and is undone. Order again with a new Idempotency-Key.'))::json
       WHERE route = 'POST /orders' AND answer_status = 503`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX orders_pending, orders_unpaid, orders_cancel_requested, orders_cancelling');
    await runner.query(`
      ALTER TABLE orders DROP COLUMN cancel_requested_at, DROP COLUMN cancel_requested_by, DROP COLUMN attempts,
        DROP COLUMN next_attempt_at`);
    await runner.query(`CREATE INDEX orders_pending ON orders (abandon_at) WHERE status = 'PENDING'`);
    await runner.query(`CREATE INDEX orders_unpaid ON orders (close_at) WHERE status = 'CONFIRMED'`);
    await runner.query(`CREATE INDEX orders_cancelling ON orders (cancel_sent_at) WHERE status = 'CANCELLING'`);
  }
}
