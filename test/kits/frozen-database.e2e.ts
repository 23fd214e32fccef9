import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bind, isUnavailable, run } from '@rocketshop/pg';
import { connectAndMigrate, Database } from '@rocketshop/service-defaults';
import type { DatabaseOptions } from '@rocketshop/service-defaults';
import { createPool, endChild, repositoryRoot, startPostgres, until } from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';
import type { Pool } from 'pg';
import { errorOf } from '../support/error-of.js';

jest.setTimeout(60_000);

const SELECT = bind({ name: 'one', text: 'SELECT 1 AS one' });

let postgres: TestPostgres;
let options: DatabaseOptions;
let database: Database;
let outside: Pool;
let frozen: readonly number[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  options = {
    url: await postgres.createDatabase(),
    entities: [],
    migrations: [],
    applicationName: 'frozen',
    statementTimeoutMs: 900,
    silenceTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    idleInTransactionTimeoutMs: 1_000,
  };
  database = new Database(await connectAndMigrate(options), options);
  outside = createPool(options.url);
  await outside.query('CREATE TABLE things (id int PRIMARY KEY, amount int); INSERT INTO things VALUES (1, 0)');
}, 60_000);
afterEach(thaw);
afterAll(async () => {
  await database.close();
  await outside.end();
  await postgres.stop();
});

/** SIGSTOP to the server and to all of its sessions: it keeps all connections, and accepts new ones, and answers nothing. */
async function freeze(): Promise<void> {
  const { rows } = await outside.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'`,
  );
  frozen = [postgres.server.pid, ...rows.map(({ pid }) => pid)];
  for (const pid of frozen) process.kill(pid, 'SIGSTOP');
}

function thaw(): void {
  for (const pid of frozen) process.kill(pid, 'SIGCONT');
  frozen = [];
}

/** Each way to the database. */
const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  transaction: () => database.transaction((client) => run(client, SELECT)),
  pipeline: () => database.pipeline([SELECT]),
  batch: () => database.batch([SELECT]),
  read: () => database.read(SELECT),
  query: () => database.query(SELECT),
  repository: () => database.dataSource.query('SELECT 1'),
  ping: () => database.ping(),
};
const callAll = () => Promise.all(Object.values(WAYS).map((call) => call()));

describe('a PostgreSQL that is frozen', () => {
  it('holds up no call for ever, on connections that were open before and on new ones, and serves when it goes on', async () => {
    await callAll();
    await freeze();
    const start = () => connectAndMigrate({ ...options, startTimeoutMs: 1 });
    const calls = Object.entries({ ...WAYS, start }).map(async ([way, call]) => [way, await errorOf(call())] as const);
    for (const [way, error] of await Promise.all(calls)) expect([way, isUnavailable(error)]).toEqual([way, true]);
    thaw();
    await until(() => callAll(), { description: 'all ways to work again' });
  });

  it('ends a transaction in its middle, and the caller knows that it was not committed', async () => {
    const broken = database.transaction(async (client) => {
      await run(client, bind({ name: 'add', text: 'UPDATE things SET amount = amount + 1' }));
      await freeze();
      await run(client, SELECT);
    });
    expect(isUnavailable(await errorOf(broken))).toBe(true);
    thaw();
    const { rows } = await until(() => outside.query<{ amount: number }>('SELECT amount FROM things'));
    expect(rows[0]?.amount).toBe(0);
  });
});

describe('a service that is frozen in the middle of a transaction', () => {
  it('holds the rows that it has locked for a few seconds only', async () => {
    const program = `
      const { connectAndMigrate, Database } = await import('./libs/service-defaults/dist/index.js');
      const options = { ...JSON.parse(process.argv[1]), applicationName: 'to be frozen' };
      const database = new Database(await connectAndMigrate(options), options);
      await database.transaction(async (client) => {
        await client.query('UPDATE things SET amount = 5');
        process.kill(process.pid, 'SIGSTOP');
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program, JSON.stringify(options)], {
      cwd: repositoryRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    try {
      const isFrozen = `SELECT FROM pg_stat_activity WHERE application_name = 'to be frozen' AND state = 'idle in transaction'`;
      await until(async () => (await outside.query(isFrozen)).rowCount === 1, {
        description: 'the service to be frozen',
      });
      await outside.query('UPDATE things SET amount = 6');
      const { rows } = await outside.query<{ amount: number }>('SELECT amount FROM things');
      expect(rows[0]?.amount).toBe(6);
    } finally {
      await endChild(child, 'SIGKILL');
    }
  });
});

it('every session of a service has the limits, on the server too', async () => {
  const names = ['statement_timeout', 'idle_in_transaction_session_timeout', 'tcp_keepalives_idle', 'tcp_user_timeout'];
  const settings = `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`;
  for (const pool of [database.pool, ...database.batchPools.all]) {
    const { rows } = await pool.query<Record<string, string>>(settings);
    expect(rows[0]).toEqual({
      statement_timeout: '900ms',
      idle_in_transaction_session_timeout: '1s',
      tcp_keepalives_idle: '10',
      tcp_user_timeout: '20000',
    });
  }
});
