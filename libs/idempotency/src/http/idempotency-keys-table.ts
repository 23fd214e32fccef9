import type { SqlRunner } from '@rocketshop/pg';

/** PostgreSQL names this constraint when a key is taken. */
export const KEYS_PRIMARY_KEY = 'idempotency_keys_pk';

/*
 * idempotency_keys: one row for each request that was begun. (buyer_id, route, key) is the primary key, which admits
 * one of several concurrent requests. resource_id names what the request made (an order), so that a timer which
 * finishes the order hours later finds the row. answer_status is NULL while the request runs.
 */
const CREATE = [
  `CREATE TABLE idempotency_keys (
    buyer_id text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    resource_id text NOT NULL,
    answer_status smallint,
    answer_body json,
    created_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    CONSTRAINT ${KEYS_PRIMARY_KEY} PRIMARY KEY (buyer_id, route, key),
    CONSTRAINT idempotency_keys_answer CHECK ((answer_status IS NULL) = (answered_at IS NULL))
  )`,
  `CREATE INDEX idempotency_keys_resource ON idempotency_keys (resource_id)`,
  `CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at)`,
];

/** For the `up` of a migration. */
export async function createIdempotencyKeysTable(runner: SqlRunner): Promise<void> {
  for (const sql of CREATE) await runner.query(sql);
}

/** For the `down` of a migration. */
export async function dropIdempotencyKeysTable(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE idempotency_keys');
}
