import type { SqlRunner } from '@rocketshop/pg';

/**
 * Relays share the shards: a key belongs to one shard, and a shard to one relay at a time. With more shards the shares
 * are more equal; 16 are enough for the number of relays that one database can serve.
 */
export const SHARD_COUNT = 16;

/*
 * outbox: one row per message. `id` is the order within a key. Ids have gaps, and rows become visible in the order of
 * their commits, not of their ids; so no code here remembers a "last id".
 * `sent_at` is set on SEND_OK only. The partial index has the unsent rows only, so the cost of the relay's read does
 * not depend on the number of sent rows. The purge searches by `sent_at`, which follows the order of the rows in the
 * table; a BRIN index is enough for that, and a mark needs no new index entry.
 */
const CREATE = [
  `CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard smallint NOT NULL GENERATED ALWAYS AS (hashtext(order_key) & ${SHARD_COUNT - 1}) STORED,
    order_key text NOT NULL,
    topic text NOT NULL,
    tag text,
    payload json NOT NULL,
    headers json NOT NULL,
    delay_ms bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
  ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)`,
  `CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL`,
  `CREATE INDEX outbox_sent ON outbox USING brin (sent_at) WITH (autosummarize = on)`,
];

/** For `up` of a migration. */
export async function createOutboxTable(runner: SqlRunner): Promise<void> {
  for (const sql of CREATE) await runner.query(sql);
}

/** For `down` of a migration. */
export async function dropOutboxTable(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE outbox');
}
