import { bind, run } from '@rocketshop/pg';
import type { BoundStatement, PgClient } from '@rocketshop/pg';
import { OutboxRowError } from './errors.js';
import type { OutboxRow } from './outbox-message.js';

/*
 * One statement for any number of rows. WITH ORDINALITY and ORDER BY keep the order of the rows, because PostgreSQL draws
 * the ids in the order in which the rows reach the insert.
 */
const INSERT = {
  name: 'outbox-insert',
  columnar: true,
  text: `INSERT INTO outbox (order_key, topic, tag, payload, headers, delay_ms)
    SELECT row.order_key, row.topic, row.tag, row.payload::json, row.headers::json, row.delay_ms
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
      WITH ORDINALITY AS row (order_key, topic, tag, payload, headers, delay_ms, position)
    ORDER BY row.position`,
} as const;

/**
 * The statement that writes messages, for callers that send the statements of a transaction together. It must follow the
 * statement that locks the business row, so that rows of one key are written in the order of their commits.
 * @throws {OutboxRowError}
 */
export function outboxInsert(rows: readonly OutboxRow[]): BoundStatement {
  return bind(INSERT, [
    rows.map((row) => required('key', row.key)),
    rows.map((row) => required('topic', row.topic)),
    rows.map((row) => row.tag ?? null),
    rows.map((row) => toJson(row)),
    rows.map((row) => JSON.stringify(row.headers ?? {})),
    rows.map((row) => (row.delayMs === undefined ? null : delayOf(row.delayMs))),
  ]);
}

/**
 * Writes messages in the caller's transaction. They are sent if, and only if, the transaction commits. It must follow the
 * statement that locks the business row; see {@link outboxInsert}.
 * @throws {OutboxRowError}
 */
export async function writeOutbox(client: PgClient, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  await run(client, outboxInsert(rows));
}

function required(what: string, text: string): string {
  if (text === '') throw new OutboxRowError(`an outbox row needs a ${what}`);
  return text;
}

function delayOf(delayMs: number): number {
  const rounded = Math.max(0, Math.round(delayMs));
  if (!Number.isSafeInteger(rounded)) throw new OutboxRowError(`delayMs must be a time in ms, not ${delayMs}`);
  return rounded;
}

function toJson(row: OutboxRow): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(row.payload);
  } catch (cause) {
    throw new OutboxRowError(`the payload for ${row.topic} is not JSON (amounts must be text, JSON has no bigint)`, {
      cause,
    });
  }
  if (json === undefined) throw new OutboxRowError(`the payload for ${row.topic} is not JSON`);
  return json;
}
