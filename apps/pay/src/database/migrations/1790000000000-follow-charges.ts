import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * What pay needs to follow a charge at the provider until it is final, from its own row:
 *   merchant_id, callback_url  what the charge was requested with, so that a repetition is the same; null in a row of an older version
 *   charge_state               what the provider has told last; null before it was asked
 *   next_poll_at               when the provider is asked again; null when the charge is final
 */
export class FollowCharges1790000000000 implements MigrationInterface {
  readonly name = 'FollowCharges1790000000000';

  async up(runner: QueryRunner): Promise<void> {
    // The default is for rows that a replica of the older version inserts during the update.
    await runner.query(`
      ALTER TABLE payments
        ADD merchant_id text,
        ADD callback_url text,
        ADD charge_state text CHECK (charge_state IN ('ABSENT', 'WAITING', 'PAID', 'VOID')),
        ADD next_poll_at timestamptz DEFAULT now() + interval '2 minutes',
        ADD poll_attempts int NOT NULL DEFAULT 0,
        ADD closed_at timestamptz`);
    // Charges of old payments are asked for over ten minutes. Of PAID ones only those of the last day may still get a callback.
    await runner.query(`
      UPDATE payments
         SET next_poll_at = CASE WHEN status = 'PAID' AND paid_at < now() - interval '1 day' THEN NULL
                                 ELSE now() + random() * interval '10 minutes' END,
             closed_at = CASE status WHEN 'CLOSED' THEN now() END`);
    // A row is in one of the two. Open and closed charges are asked for first, so that a crowd of PAID ones does not stand before them.
    await runner.query(`
      CREATE INDEX payments_not_final ON payments (next_poll_at) WHERE next_poll_at IS NOT NULL AND status <> 'PAID'`);
    await runner.query(`
      CREATE INDEX payments_last_look ON payments (next_poll_at) WHERE next_poll_at IS NOT NULL AND status = 'PAID'`);
    await runner.query(`
      CREATE TABLE payment_event_conflicts (
        event_id text NOT NULL,
        fingerprint text NOT NULL,
        body jsonb NOT NULL,
        deliveries int NOT NULL DEFAULT 1,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (event_id, fingerprint)
      )`);
    await runner.query(`
      CREATE TABLE rejected_callbacks (
        digest bytea PRIMARY KEY,
        reason text NOT NULL,
        bytes int NOT NULL,
        raw bytea NOT NULL,
        deliveries int NOT NULL DEFAULT 1,
        received_at timestamptz NOT NULL DEFAULT now(),
        repeated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX rejected_callbacks_by_age ON rejected_callbacks (repeated_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rejected_callbacks, payment_event_conflicts');
    await runner.query(`
      ALTER TABLE payments
        DROP merchant_id, DROP callback_url, DROP charge_state, DROP next_poll_at, DROP poll_attempts, DROP closed_at`);
  }
}
