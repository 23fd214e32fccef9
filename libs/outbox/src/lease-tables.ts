import type { SqlRunner } from '@rocketshop/pg';
import { SHARD_COUNT } from './outbox-table.js';

/*
 * outbox_relays: one row for each session of a relay, with the term until which it may send. Only PostgreSQL's clock writes
 * and reads the term. `renewed_at` is there for a clock that is set back: a row from the future is not valid. The backend tells
 * that a relay's process has died, long before its term is over.
 * outbox_leases: who holds each shard. A shard is free when its holder has no valid row. Ids of relays are never used again, so
 * a holder also tells which of its relay's sessions took the shard.
 * The rows of both tables stay few, and all of their updates are heap-only.
 */
const CREATE = [
  `CREATE TABLE outbox_relays (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    backend_pid int NOT NULL,
    backend_start timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE outbox_leases (shard smallint PRIMARY KEY, holder bigint) WITH (fillfactor = 50)`,
  `INSERT INTO outbox_leases (shard) SELECT generate_series(0, ${SHARD_COUNT - 1})`,
];

/** For `up` of a migration, after `createOutboxTable`: who sends which rows. */
export async function createOutboxLeases(runner: SqlRunner): Promise<void> {
  for (const sql of CREATE) await runner.query(sql);
}

/** For `down` of a migration. */
export async function dropOutboxLeases(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE outbox_leases, outbox_relays');
}
