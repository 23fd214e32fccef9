import pg from 'pg';
import { startPostgresServer } from './postgres.js';
import type { PostgresServer } from './postgres.js';

export interface TestPostgres {
  readonly server: PostgresServer;
  /** An empty database with a name of its own. @returns its URL */
  createDatabase(): Promise<string>;
  /**
   * A copy of the database that `migrate` fills, which happens once a `template` name; a copy takes some 50 ms.
   * `migrate` must have closed its connections when it returns. @returns the copy's URL
   */
  createDatabaseFrom(template: string, migrate: (url: string) => Promise<void>): Promise<string>;
  stop(): Promise<void>;
}

/** A cluster of the test file's own, real PostgreSQL with fsync off, some 0.8 s. Stop it in `afterAll`. */
export async function startPostgres(): Promise<TestPostgres> {
  const server = await startPostgresServer({ fsync: false });
  const templates = new Map<string, Promise<void>>();
  let count = 0;

  const prepare = async (template: string, migrate: (url: string) => Promise<void>): Promise<void> => {
    await server.createDatabase(template);
    await migrate(server.url(template));
  };
  return {
    server,
    createDatabase: async () => {
      const name = `test_${++count}`;
      await server.createDatabase(name);
      return server.url(name);
    },
    createDatabaseFrom: async (template, migrate) => {
      const prepared = templates.get(template) ?? prepare(template, migrate);
      templates.set(template, prepared);
      await prepared;
      const name = `${template}_${++count}`;
      await server.createDatabase(name, { template });
      return server.url(name);
    },
    stop: () => server.stop('immediate'),
  };
}

/** A pool that does not end the process when the server is stopped under it, as tests do. */
export function createPool(url: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 10, ...options });
  pool.on('error', () => undefined);
  return pool;
}

/** How many sessions of this database wait for a lock: with `until`, the forced part of a race has begun. */
export async function sessionsWaitingForLock(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.waiting ?? 0;
}
