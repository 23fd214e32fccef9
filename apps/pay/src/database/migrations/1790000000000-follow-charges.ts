import { createIndexInUse, updateInBatches } from '@rocketshop/pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * What pay needs to follow a charge at the provider until it is final, from its own row:
 *   merchant_id, callback_url  what the charge was requested with, so that a repetition is the same; null in a row of an older version
 *   charge_state               what the provider has told last; null before it was asked
 *   next_poll_at               when the provider is asked again; null when the charge is final
 */
export class FollowCharges1790000000000 implements MigrationInterface {
  readonly name = 'FollowCharges1790000000000';
  /*
   * A shop has millions of payments, and its old version goes on while they are changed. In one transaction the table would be locked
   * until the end. So each step commits by itself, and a migration that was interrupted begins anew and finds what is done.
   */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // Old rows get no value, since one for each row would write the whole table. The default is for rows that the old version inserts.
    await runner.query(`
      ALTER TABLE payments
        ADD COLUMN IF NOT EXISTS merchant_id text,
        ADD COLUMN IF NOT EXISTS callback_url text,
        ADD COLUMN IF NOT EXISTS charge_state text CHECK (charge_state IN ('ABSENT', 'WAITING', 'PAID', 'VOID')),
        ADD COLUMN IF NOT EXISTS next_poll_at timestamptz,
        ADD COLUMN IF NOT EXISTS poll_attempts int NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS closed_at timestamptz,
        ALTER COLUMN next_poll_at SET DEFAULT now() + interval '2 minutes'`);
    // Charges of old payments are asked for over ten minutes. Of PAID ones only those of the last day may still get a callback.
    await updateInBatches(runner, {
      table: 'payments',
      key: 'payment_id',
      set: `next_poll_at = now() + random() * interval '10 minutes', closed_at = CASE status WHEN 'CLOSED' THEN now() END`,
      where: `next_poll_at IS NULL AND charge_state IS NULL
              AND (status <> 'PAID' OR paid_at IS NULL OR paid_at >= now() - interval '1 day')`,
    });
    // A row is in one of the two. Open and closed charges are asked for first, so that a crowd of PAID ones does not stand before them.
    await createIndexInUse(
      runner,
      'payments_not_final',
      `payments (next_poll_at) WHERE next_poll_at IS NOT NULL AND status <> 'PAID'`,
    );
    await createIndexInUse(
      runner,
      'payments_last_look',
      `payments (next_poll_at) WHERE next_poll_at IS NOT NULL AND status = 'PAID'`,
    );
    await runner.query(`
      CREATE TABLE IF NOT EXISTS payment_event_conflicts (
        event_id text NOT NULL,
        fingerprint text NOT NULL,
        body jsonb NOT NULL,
        deliveries int NOT NULL DEFAULT 1,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (event_id, fingerprint)
      )`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS rejected_callbacks (
        digest bytea PRIMARY KEY,
        reason text NOT NULL,
        bytes int NOT NULL,
        raw bytea NOT NULL,
        deliveries int NOT NULL DEFAULT 1,
        received_at timestamptz NOT NULL DEFAULT now(),
        repeated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS rejected_callbacks_by_age ON rejected_callbacks (repeated_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rejected_callbacks, payment_event_conflicts');
    await runner.query(`
      ALTER TABLE payments
        DROP merchant_id, DROP callback_url, DROP charge_state, DROP next_poll_at, DROP poll_attempts, DROP closed_at`);
  }
}
