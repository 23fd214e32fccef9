import pg from 'pg';

/** Advisory locks belong to one database, so one number serves every service. Its bytes spell "rock". */
const MIGRATION_LOCK_KEY = 0x72_6f_63_6b;

/**
 * Runs `migrate` under an advisory lock, so that replicas may start together: one migrates, the others wait and find nothing
 * to do. The lock is held by a session of its own, which has no statement time-out; PostgreSQL frees the lock when this
 * process dies.
 * @param url postgres://user:password@host:port/database
 */
export async function underMigrationLock<T>(url: string, migrate: () => Promise<T>): Promise<T> {
  const session = new pg.Client({ connectionString: url, application_name: 'migration lock' });
  // An error without a listener ends the process, and a connection can be lost during a migration.
  session.on('error', () => undefined);
  await session.connect();
  try {
    await session.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK_KEY]);
    return await migrate();
  } finally {
    await session.end();
  }
}
