import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import {
  createConsumedMessagesTable,
  createIdempotencyKeysTable,
  purgeConsumedMessages,
  purgeIdempotencyKeys,
} from '@rocketshop/idempotency';
import { createOutboxLeases, createOutboxTable, OutboxRelay } from '@rocketshop/outbox';
import { createPool, holdLock, startPostgres, until } from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';
import type { Pool } from 'pg';

jest.setTimeout(60_000);

let postgres: TestPostgres;
let pool: Pool;
beforeAll(async () => {
  postgres = await startPostgres();
  pool = createPool(await postgres.createDatabase(), { options: '-c enable_seqscan=off' });
  await createOutboxTable(pool);
  await createOutboxLeases(pool);
  await createConsumedMessagesTable(pool);
  await createIdempotencyKeysTable(pool);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await postgres.stop();
});

const HOUR_MS = 3_600_000;
const OLD = `now() - interval '2 hours'`;

/** Each purge, with 12,000 old rows and one that must stay. */
const PURGES = {
  consumed_messages: {
    fill: `INSERT INTO consumed_messages SELECT 'group', i::text, CASE i WHEN 0 THEN now() ELSE ${OLD} END
      FROM generate_series(0, 12000) AS i`,
    run: (_left?: number) => purgeConsumedMessages(pool, HOUR_MS),
  },
  idempotency_keys: {
    fill: `INSERT INTO idempotency_keys SELECT 'ada', 'POST /payments', i::text, '', i::text, CASE i WHEN 0 THEN NULL ELSE 201 END,
      '{}', ${OLD}, CASE i WHEN 0 THEN NULL ELSE now() END FROM generate_series(0, 12000) AS i`,
    run: (_left?: number) => purgeIdempotencyKeys(pool, HOUR_MS),
  },
  outbox: {
    fill: `INSERT INTO outbox (order_key, topic, payload, headers, sent_at)
      SELECT i::text, 'story', '{}', '{}', CASE i WHEN 0 THEN now() ELSE ${OLD} END FROM generate_series(0, 12000) AS i`,
    run: async (left = 1) => {
      const relay = new OutboxRelay({
        pool,
        publisher: { publish: () => Promise.resolve() },
        purgeIntervalMs: 20,
        keepSentMs: HOUR_MS,
      });
      relay.start();
      await until(async () => (await countOf('outbox')) === left, { description: 'the relay to purge' });
      await relay.stop();
    },
  },
};

const countOf = async (table: string): Promise<number> =>
  (await pool.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`)).rows[0]?.rows ?? -1;

it.each(Object.entries(PURGES))(
  'the purge of %s goes by the index, in batches, and leaves what is in use',
  async (table, purge) => {
    await pool.query(purge.fill);
    const seen: string[] = [];
    const query = pool.query.bind(pool) as (...args: readonly unknown[]) => unknown;
    const spy = jest.spyOn(pool, 'query').mockImplementation(((first: { text: string }, ...rest: unknown[]) => {
      if (typeof first === 'object' && first.text.startsWith('DELETE')) seen.push(first.text);
      return query(first, ...rest);
    }) as never);
    await purge.run();
    spy.mockRestore();

    expect(await countOf(table)).toBe(1);
    expect(seen.length).toBeGreaterThanOrEqual(3);
    const { rows } = await pool.query<Record<string, string>>(`EXPLAIN (GENERIC_PLAN) ${seen[0]}`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index Cond/);
    expect(plan).not.toMatch(/Seq Scan/);
  },
);

it.each(Object.entries(PURGES))(
  'the purge of %s goes past more rows than a batch has that somebody has locked',
  async (table, { fill, run }) => {
    await pool.query(`TRUNCATE ${table}`);
    await pool.query(fill);
    // The locked rows stand first, in the table and in its index.
    const lock = await holdLock(pool, `SELECT FROM ${table} ORDER BY ctid LIMIT 6001 FOR UPDATE`);
    // The row that must stay is the first one.
    await run(6_001);
    expect(await countOf(table)).toBe(6_001);
    await lock.release();
  },
);

it('the purge of idempotency keys goes past more keys than a batch has that have no answer yet', async () => {
  await pool.query('TRUNCATE idempotency_keys');
  await pool.query(PURGES.idempotency_keys.fill);
  await pool.query(
    `UPDATE idempotency_keys SET answer_status = NULL, answer_body = NULL, answered_at = NULL WHERE resource_id::int <= 6000`,
  );
  await PURGES.idempotency_keys.run();
  expect(await countOf('idempotency_keys')).toBe(6_001);
});
