import { setTimeout as pause } from 'node:timers/promises';
import { underMigrationLock } from '@rocketshop/pg';
import type { SessionLimits } from '@rocketshop/pg';
import type { DataSource } from 'typeorm';
import { MigrationsMissingError } from '../errors.js';

const LOOK_EVERY_MS = 500;
const TABLE_MISSING = '42P01';

/**
 * The owner of the tables says which migrations have run. The role of the running service got rights on this table as on any
 * other one, and it keeps the right to read.
 */
const KEEP_FROM_OTHERS = `DO $$
  DECLARE role text;
  BEGIN
    FOR role IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
                 WHERE table_schema = 'public' AND table_name = 'migrations' AND grantee NOT IN (current_user, 'PUBLIC')
    LOOP
      EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON migrations FROM %I', role);
    END LOOP;
  END $$`;

/** Runs the pending migrations under the lock. @returns the names of the migrations that ran here */
export async function migrate(
  dataSource: DataSource,
  options: SessionLimits & { readonly url: string },
): Promise<string[]> {
  const run = async () => {
    const migrations = await dataSource.runMigrations({ transaction: 'each' });
    await dataSource.query(KEEP_FROM_OTHERS);
    return migrations;
  };
  const ran = await underMigrationLock(options.url, run, options);
  return ran.map((migration) => migration.name);
}

/** Tells whether the role of the connection may create tables, which every migration may have to. */
export async function mayMigrate(dataSource: DataSource): Promise<boolean> {
  const rows: { may: boolean }[] = await dataSource.query(
    `SELECT has_schema_privilege(current_schema(), 'CREATE') AS may`,
  );
  return rows[0]?.may === true;
}

/**
 * Waits until the owner has migrated, for at most `limitMs`: the migration and the services may be started together.
 * @throws {MigrationsMissingError} that names them
 */
export async function untilMigrated(dataSource: DataSource, limitMs: number): Promise<void> {
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const missing = await missingMigrations(dataSource);
    if (missing.length === 0) return;
    if (Date.now() >= giveUpAt) throw new MigrationsMissingError(missing);
    await pause(LOOK_EVERY_MS);
  }
}

async function missingMigrations(dataSource: DataSource): Promise<string[]> {
  const done = await migrationsDone(dataSource);
  return dataSource.migrations.map(({ name }) => name ?? '').filter((name) => !done.has(name));
}

async function migrationsDone(dataSource: DataSource): Promise<Set<string>> {
  try {
    const rows: { name: string }[] = await dataSource.query('SELECT name FROM migrations');
    return new Set(rows.map(({ name }) => name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === TABLE_MISSING) return new Set();
    throw error;
  }
}
