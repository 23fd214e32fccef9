import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Secret, connectAndMigrate } from '@rocketshop/service-defaults';
import {
  createPool,
  createServiceDatabase,
  grant,
  repositoryRoot,
  serviceDatabase,
  SERVICES,
  startPostgres,
} from '@rocketshop/shop-testkit';
import type { ServiceDatabase, ServiceName, TestPostgres } from '@rocketshop/shop-testkit';
import { databaseOptions } from '@rocketshop/stock';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Pool } from 'pg';

jest.setTimeout(60_000);

const NOT_ALLOWED = '42501';
const run = promisify(execFile);

let postgres: TestPostgres;
const pools: Pool[] = [];
const databases = {} as Record<ServiceName, ServiceDatabase>;

/** Runs the program that a deployment runs before it starts a new version. */
const migrate = (service: ServiceName, { ownerUrl }: ServiceDatabase) =>
  run(process.execPath, [join(repositoryRoot, `apps/${service}/dist/migrate.js`)], {
    env: { MIGRATION_DATABASE_URL: ownerUrl, DEMO_DATA: 'true' },
  });

function open(url: string): Pool {
  const pool = createPool(url, { max: 1 });
  pools.push(pool);
  return pool;
}

beforeAll(async () => {
  postgres = await startPostgres();
  await open(postgres.server.url('postgres')).query('REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC');
  for (const service of SERVICES) databases[service] = await createServiceDatabase(postgres.server, `shop_${service}`);
  await Promise.all(SERVICES.map((service) => migrate(service, databases[service])));
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await postgres.stop();
});

const tablesOf = async (pool: Pool): Promise<string[]> => {
  const { rows } = await pool.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`,
  );
  return rows.map(({ tablename }) => tablename);
};

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it worked',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

describe.each(SERVICES)('the role with which %s runs', (service) => {
  it('reads and writes the rows of every table of its own', async () => {
    const pool = open(databases[service].url);
    const tables = await tablesOf(pool);
    expect(tables).toContain('outbox');
    for (const table of tables) {
      const rights = table === 'migrations' ? 'SELECT' : 'SELECT, INSERT, UPDATE, DELETE';
      for (const right of rights.split(', ')) {
        const { rows } = await pool.query<{ has: boolean }>('SELECT has_table_privilege($1, $2) AS has', [
          table,
          right,
        ]);
        expect({ table, right, ...rows[0] }).toEqual({ table, right, has: true });
      }
    }
  });

  it('creates, changes, empties and drops nothing', async () => {
    const pool = open(databases[service].url);
    const statements = (await tablesOf(pool)).flatMap((table) => [
      `DROP TABLE ${table} CASCADE`,
      `TRUNCATE ${table} CASCADE`,
      `ALTER TABLE ${table} ADD COLUMN more int`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
      `ALTER TABLE ${table} OWNER TO shop_${service}`,
      `CREATE INDEX ON ${table} ((1))`,
      `CREATE TRIGGER suppress BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      `CREATE RULE silent AS ON INSERT TO ${table} DO INSTEAD NOTHING`,
    ]);
    for (const statement of [...statements, ...ANYWHERE(service)]) {
      expect({ statement, code: await codeOf(pool.query(statement)) }).toEqual({ statement, code: NOT_ALLOWED });
    }
  });

  it('enters no other database', async () => {
    const own = new URL(databases[service].url);
    for (const other of [
      'postgres',
      'template1',
      ...SERVICES.filter((name) => name !== service).map((name) => `shop_${name}`),
    ]) {
      own.pathname = `/${other}`;
      expect({ other, code: await codeOf(open(own.href).query('SELECT 1')) }).toEqual({ other, code: NOT_ALLOWED });
    }
  });
});

/** What no service needs in its own database, in its schema or in the server. */
const ANYWHERE = (service: ServiceName) => [
  'CREATE TABLE mine (id int)',
  'CREATE TEMPORARY TABLE mine (id int)',
  'CREATE SCHEMA mine',
  'CREATE VIEW mine AS SELECT 1',
  'CREATE SEQUENCE mine',
  'CREATE TYPE mine AS ENUM ()',
  'DROP EXTENSION plpgsql',
  `CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  'CREATE DATABASE mine',
  'CREATE ROLE mine',
  'SELECT lo_create(0)',
  'DROP SCHEMA public CASCADE',
  'DROP FUNCTION refuse_unless',
  `DROP DATABASE shop_${service === 'pay' ? 'order' : 'pay'}`,
  `ALTER DATABASE shop_${service} SET timezone = 'Asia/Tokyo'`,
  `ALTER ROLE shop_${service} SUPERUSER`,
  `ALTER ROLE shop_${service}_owner PASSWORD 'mine'`,
  `SET ROLE shop_${service}_owner`,
  'ALTER SYSTEM SET fsync = off',
  `COPY outbox TO PROGRAM 'cat'`,
  `SELECT pg_read_file('PG_VERSION')`,
  'DELETE FROM migrations',
  `UPDATE migrations SET name = 'never'`,
  `INSERT INTO migrations (timestamp, name) VALUES (0, 'never')`,
];

/** The first column of the table "What grows": names as `order: \`orders\`, \`order_items\``, of all services where it names none. */
async function tablesInOperations(): Promise<{ service: string | undefined; name: string; pattern: RegExp }[]> {
  const text = await readFile(join(repositoryRoot, 'docs/operations.md'), 'utf8');
  const [, section = ''] = /^## What grows$([^]*?)^## /m.exec(text) ?? [];
  const cells = section.split('\n').flatMap((line) => /^\| ([^|]*`[^|]*)\|/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => {
    const service = /^(\w+): /.exec(cell)?.[1];
    return [...cell.matchAll(/`([\w*]+)`/g)].map(([, name = '']) => ({
      service,
      name,
      pattern: new RegExp(`^${name.replaceAll('*', '\\w+')}$`),
    }));
  });
}

it('docs/operations.md says of every table of the five databases what grows, and names no other', async () => {
  const named = await tablesInOperations();
  const unused = new Set(named);
  const missing: string[] = [];
  for (const service of SERVICES) {
    for (const table of await tablesOf(open(databases[service].url))) {
      const entries = named.filter((one) => (one.service ?? service) === service && one.pattern.test(table));
      if (entries.length === 0) missing.push(`${service}: ${table}`);
      for (const entry of entries) unused.delete(entry);
    }
  }
  expect({ missing, unused: [...unused].map(({ name }) => name) }).toEqual({ missing: [], unused: [] });
});

describe('a service that has no owner in its environment', () => {
  const options = (name: string, startTimeoutMs: number) => ({
    ...databaseOptions({
      databaseUrl: new Secret(serviceDatabase(postgres.server, name).url),
      databasePoolMax: 2,
      batchLockTimeoutMs: 25,
    }),
    startTimeoutMs,
  });

  it('waits for the migrations, and says what to run when they do not come', async () => {
    const database = await createServiceDatabase(postgres.server, 'waits');
    await expect(connectAndMigrate(options('waits', 0))).rejects.toThrow(
      /lacks CreateStock1780000000000.*may not create tables; run dist\/migrate\.js/,
    );
    const [dataSource] = await Promise.all([connectAndMigrate(options('waits', 30_000)), migrate('stock', database)]);
    expect(await dataSource.query('SELECT count(*)::int AS count FROM goods')).toEqual([{ count: 0 }]);
    await dataSource.destroy();
  });
});

describe('a database of the version in which the service owned its tables', () => {
  it('gets an owner, keeps its rows, and lets the service create nothing more', async () => {
    const { server } = postgres;
    const { url, ownerUrl } = serviceDatabase(server, 'old');
    await server.createUser('old', decodeURIComponent(new URL(url).password));
    await server.createUser('old_owner', decodeURIComponent(new URL(ownerUrl).password));
    await server.createDatabase('old', { owner: 'old' });
    await migrate('stock', { url, ownerUrl: url });
    const pool = open(url);
    await pool.query(
      `INSERT INTO goods (goods_id, name, unit_price, currency, initial_quantity, available) VALUES ('kept', 'kept', 1, 'EUR', 9, 9)`,
    );

    // Whoever is interrupted runs the upgrade again.
    await grant(server, 'old');
    await grant(server, 'old');
    await migrate('stock', { url, ownerUrl });
    await grant(server, 'old');

    expect((await pool.query('UPDATE goods SET available = 8 RETURNING goods_id')).rows).toEqual([
      { goods_id: 'kept' },
    ]);
    for (const statement of [
      'DROP TABLE goods',
      'CREATE TABLE mine (id int)',
      'TRUNCATE goods',
      'DELETE FROM migrations',
    ]) {
      expect({ statement, code: await codeOf(pool.query(statement)) }).toEqual({ statement, code: NOT_ALLOWED });
    }
    const { rows } = await pool.query(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`);
    expect(rows).toEqual([{ tableowner: 'old_owner' }]);
  });
});
