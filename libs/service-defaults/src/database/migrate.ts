import pg from 'pg';
import type { DataSource } from 'typeorm';

/** Advisory locks are per database, so one number serves every service. The bytes spell "rock". */
export const MIGRATION_LOCK_KEY = 0x72_6f_63_6b;

/**
 * Runs pending migrations under an advisory lock, so that replicas may boot together: one migrates, the others wait
 * and find nothing to do. The lock lives on a session of its own, without time-outs, and goes with it if we die.
 * @returns the names of the migrations that ran here
 */
export async function migrate(
  dataSource: DataSource,
  url: string,
  lockKey: number = MIGRATION_LOCK_KEY,
): Promise<string[]> {
  const lock = new pg.Client({ connectionString: url, application_name: 'migration lock' });
  // Without a listener a connection lost during a migration would end the process past every handler.
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [lockKey]);
    const ran = await dataSource.runMigrations({ transaction: 'each' });
    return ran.map((migration) => migration.name);
  } finally {
    await lock.end();
  }
}
