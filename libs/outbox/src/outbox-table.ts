/** Anything that runs SQL: a TypeORM QueryRunner, a pg client or pool. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

/**
 * Shards are what relays divide among themselves: a key belongs to one shard, and a shard to one relay at a time.
 * More shards divide more evenly; 16 is enough for as many relays as one database feeds.
 */
export const SHARD_COUNT = 16;

/*
 * outbox: one row a message. `id` gives the order within a key; it has gaps, and rows appear in commit order, not in id
 * order, which is why nothing here ever remembers "the last id".
 * `sent_at` is set on SEND_OK only. The partial index holds the unsent rows and nothing else, so that the relay's read
 * costs the same whether the table remembers a thousand sent rows or ten million. The purge asks for ages only, which
 * follow the table's order, so a summary of its pages will do and no mark pays for an entry.
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

/** For the `up` of a migration. */
export async function createOutboxTable(runner: SqlRunner): Promise<void> {
  for (const sql of CREATE) await runner.query(sql);
}

/** For the `down` of a migration. */
export async function dropOutboxTable(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE outbox');
}
