import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bind, run, transaction, TransactionOutcomeUnknownError } from '@rocketshop/pg';
import { connectAndMigrate, Database } from '@rocketshop/service-defaults';
import type { DatabaseOptions } from '@rocketshop/service-defaults';
import type { Pool } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { errorOf } from '../support/error-of.js';
import { createPool, freePort, startPostgres } from '@rocketshop/shop-testkit';
import type { TestPostgres } from '@rocketshop/shop-testkit';

jest.setTimeout(60_000);

let migrationRuns = 0;

class CreateThings1700000000000 implements MigrationInterface {
  readonly name = 'CreateThings1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    migrationRuns++;
    await runner.query('CREATE TABLE things (id int PRIMARY KEY, amount bigint NOT NULL)');
    await runner.query('SELECT pg_sleep(0.2)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE things');
  }
}

describe('the database', () => {
  let postgres: TestPostgres;
  let options: DatabaseOptions;

  beforeAll(async () => {
    postgres = await startPostgres();
    options = {
      url: await postgres.createDatabase(),
      entities: [],
      migrations: [CreateThings1700000000000],
      applicationName: 'test',
    };
  }, 60_000);
  afterAll(() => postgres.stop());

  it('is migrated once by four replicas that boot together', async () => {
    const replicas = await Promise.all([1, 2, 3, 4].map(() => connectAndMigrate(options)));
    expect(migrationRuns).toBe(1);
    const again = await connectAndMigrate(options);
    expect(migrationRuns).toBe(1);
    await Promise.all([...replicas, again].map((dataSource) => dataSource.destroy()));
  });

  it('is waited for while it starts, and not when it says no', async () => {
    const wrong = postgres.server.url('no_such_database');
    await expect(connectAndMigrate({ ...options, url: wrong })).rejects.toThrow('does not exist');
    const port = await freePort();
    const reasons: string[] = [];
    const absent = connectAndMigrate({
      ...options,
      url: `postgres://a:b@127.0.0.1:${port}/c`,
      startTimeoutMs: 700,
      onWaiting: (reason) => reasons.push(reason),
    });
    await expect(absent).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    // There were two attempts, and a report every few seconds.
    expect(reasons).toEqual(['ECONNREFUSED']);
  });

  it('commits, rolls back, and runs what waits for the commit only then', async () => {
    const database = new Database(await connectAndMigrate(options), options);
    const insert = { name: 'insert-thing', text: 'INSERT INTO things (id, amount) VALUES ($1, $2)' };
    const read = { name: 'read-thing', text: 'SELECT amount FROM things WHERE id = $1' };
    const committed: number[] = [];
    await database.transaction(async (client, scope) => {
      scope.afterCommit(() => committed.push(1));
      await run(client, bind(insert, [1, 9_007_199_254_740_993n]));
      expect(committed).toEqual([]);
    });
    const rolledBack = database.transaction(async (client, scope) => {
      scope.afterCommit(() => committed.push(2));
      await run(client, bind(insert, [2, 1n]));
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    expect(committed).toEqual([1]);
    const amounts: (bigint | undefined)[] = [];
    await database.transaction(async (client) => {
      for (const id of [1, 2]) {
        const { rows } = await run(client, bind<{ amount: bigint }>(read, [id]));
        amounts.push(rows[0]?.amount);
      }
    });
    expect(amounts).toEqual([9_007_199_254_740_993n, undefined]);
    await database.close();
  });

  it('says that it does not know when the connection breaks, and survives it', async () => {
    const pool: Pool = createPool(options.url);
    const unknown = transaction(pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    });
    expect(await errorOf(unknown)).toBeInstanceOf(TransactionOutcomeUnknownError);
    expect(await transaction(pool, (client) => client.query('SELECT 1 AS one'))).toMatchObject({
      rows: [{ one: 1 }],
    });
    const swallowed = transaction(pool, async (client) => {
      await errorOf(client.query('SELECT 1/0'));
    });
    await expect(swallowed).rejects.toThrow('rolled it back');
    await pool.end();
  });
});
