import pg from 'pg';
import { startPostgresServer } from './postgres.js';
import type { PostgresServer } from './postgres.js';
import { createServiceDatabase } from './service-database.js';

export interface TestPostgres {
  readonly server: PostgresServer;
  /** Creates an empty database with a new name. @returns its URL */
  createDatabase(): Promise<string>;
  /** Creates an empty database with the two roles of a service. @returns its name */
  createServiceDatabase(): Promise<string>;
  /**
   * Copies the database that `migrate` fills. `migrate` runs once for each `template` name; a copy takes some 50 ms.
   * `migrate` must close its connections before it returns. @returns the URL of the copy
   */
  createDatabaseFrom(template: string, migrate: (url: string) => Promise<void>): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a real PostgreSQL with fsync off for one test file, which takes some 0.8 s. Stop it in `afterAll`. */
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
    createServiceDatabase: async () => {
      const name = `test_${++count}`;
      await createServiceDatabase(server, name);
      return name;
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

/** A pool that does not end the process when a test stops the server while the pool is connected. */
export function createPool(url: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 10, ...options });
  pool.on('error', () => undefined);
  return pool;
}

/** The number of sessions of this database that wait for a lock. A test reads it to know that a race has begun. */
export async function sessionsWaitingForLock(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.waiting ?? 0;
}
