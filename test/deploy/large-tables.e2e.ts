import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { databaseOptions } from '@rocketshop/pay';
import { Secret, connectAndMigrate } from '@rocketshop/service-defaults';
import {
  createPool,
  createServiceDatabase,
  holdLock,
  sessionsWaitingForLock,
  startPostgres,
  until,
} from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';
import type { Pool } from 'pg';

jest.setTimeout(60_000);

let postgres: TestPostgres;
let pool: Pool;
let options: ReturnType<typeof databaseOptions>;

beforeAll(async () => {
  postgres = await startPostgres();
  const { ownerUrl } = await createServiceDatabase(postgres.server, 'shop_pay');
  const config = { databaseUrl: new Secret(ownerUrl), databasePoolMax: 4, batchLockTimeoutMs: 25 };
  options = databaseOptions(config);
  pool = createPool(postgres.server.url('shop_pay'));
}, 60_000);
afterAll(async () => {
  await pool.end();
  await postgres.stop();
});

async function migrate(migrations = options.migrations): Promise<void> {
  const dataSource = await connectAndMigrate({ ...options, migrations });
  await dataSource.destroy();
}

/** Payments of a shop of the first version, by what the migration has to do with them. */
const FILL = `
  INSERT INTO payment_orders (order_id, status) SELECT gen_random_uuid(), 'OPEN' FROM generate_series(1, 12000);
  INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status, provider_txn_id, paid_at)
    SELECT gen_random_uuid(), order_id, 'ada', 1, 'EUR', kind,
           CASE kind WHEN 'PAID' THEN order_id::text END,
           CASE kind WHEN 'PAID' THEN now() - interval '1 hour' * (i % 1000) END
      FROM (SELECT order_id, i, (ARRAY['PAID', 'CLOSED', 'PAID', 'PAYING'])[1 + i % 4] AS kind
              FROM (SELECT order_id, row_number() OVER () AS i FROM payment_orders) AS numbered) AS orders;
  CREATE TABLE before AS SELECT payment_id, ctid AS place FROM payments WHERE paid_at < now() - interval '25 hours';`;

/** Notes how many rows each update has changed, and lets a story hold it. The second update of all fails, as if the process had been killed there. */
const WATCH = `
  CREATE TABLE batches (number serial, rows int);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF (SELECT count(*) FROM changed) > 1 THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
      INSERT INTO batches (rows) SELECT count(*) FROM changed;
      IF (SELECT count(*) FROM batches) = 2 THEN RAISE EXCEPTION 'killed'; END IF;
      RETURN NULL;
    END $$;
  CREATE TRIGGER note AFTER UPDATE ON payments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note();`;

const count = async (where: string): Promise<number> =>
  (await pool.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${where}`)).rows[0]?.rows ?? -1;

it('a large table of payments is changed in batches, goes on after a kill, and holds up nobody meanwhile', async () => {
  await migrate((options.migrations as unknown[]).slice(0, 1) as never);
  await pool.query(FILL);
  await pool.query(WATCH);
  await expect(migrate()).rejects.toThrow('killed');
  expect(await count('payments WHERE next_poll_at IS NOT NULL')).toBeGreaterThan(0);
  await pool.query(`INSERT INTO batches SELECT 0, 0`);

  const lock = await holdLock(pool, 'SELECT pg_advisory_xact_lock(1)');
  const buyer = createPool(postgres.server.url('shop_pay'), { max: 1, statement_timeout: 5_000 });
  const migrating = migrate();
  await until(async () => (await sessionsWaitingForLock(pool)) > 0, { description: 'a batch to be held' });
  try {
    // The old version goes on.
    await buyer.query(`INSERT INTO payments (payment_id, order_id, user_id, amount, currency, status)
      SELECT gen_random_uuid(), order_id, 'bob', 1, 'EUR', 'CLOSED' FROM payment_orders LIMIT 1`);
    await buyer.query(`UPDATE payments SET pay_url = 'http://pay' WHERE user_id = 'bob'`);
  } finally {
    await lock.release();
    await buyer.end();
  }
  await migrating;

  expect(await count('batches WHERE rows > 5000')).toBe(0);
  expect(await count(`payments WHERE status <> 'PAID' AND next_poll_at IS NULL`)).toBe(0);
  expect(await count(`payments WHERE status = 'PAID' AND next_poll_at IS NOT NULL`)).toBeGreaterThan(0);
  expect(await count(`payments WHERE (status = 'CLOSED') <> (closed_at IS NOT NULL) AND user_id <> 'bob'`)).toBe(0);
  // What needs nothing was not written.
  expect(await count('before')).toBeGreaterThan(5_000);
  expect(
    await count('before JOIN payments USING (payment_id) WHERE payments.ctid <> place OR next_poll_at IS NOT NULL'),
  ).toBe(0);
  expect(await count('pg_index WHERE NOT indisvalid')).toBe(0);
});
