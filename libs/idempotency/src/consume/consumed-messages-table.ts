import type { SqlRunner } from '@rocketshop/pg';

/* consumed_messages: one row for each fact that a consumer group has acted on. The primary key admits one delivery. */
const CREATE = [
  `CREATE TABLE consumed_messages (
    consumer_group text NOT NULL,
    business_key text NOT NULL,
    consumed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT consumed_messages_pk PRIMARY KEY (consumer_group, business_key)
  )`,
  `CREATE INDEX consumed_messages_age ON consumed_messages (consumed_at)`,
];

/** For the `up` of a migration. */
export async function createConsumedMessagesTable(runner: SqlRunner): Promise<void> {
  for (const sql of CREATE) await runner.query(sql);
}

/** For the `down` of a migration. */
export async function dropConsumedMessagesTable(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE consumed_messages');
}
