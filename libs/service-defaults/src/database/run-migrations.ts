import { createLogger } from '../logging/create-logger.js';
import { migrateAsOwner } from './connect.js';
import { loadMigrationConfig } from './migration.config.js';
import type { DatabaseConfig, DatabaseOptions } from './data-source-options.js';

/**
 * The whole of a service's `migrate.ts`: it migrates as the owner of the tables and exits, with 0 when the database has every
 * migration. Where it runs before each start of a new version, the running services never have the owner's password.
 */
export async function runMigrations(
  name: string,
  optionsOf: (config: DatabaseConfig) => DatabaseOptions,
): Promise<void> {
  const logger = createLogger({ name });
  try {
    const config = loadMigrationConfig();
    const url = config.migrationDatabaseUrl;
    const ran = await migrateAsOwner(
      optionsOf({ databaseUrl: url, databasePoolMax: 2, batchLockTimeoutMs: 25 }),
      url.reveal(),
    );
    logger.info({ ran }, ran.length === 0 ? 'the database has every migration' : `migrated: ${ran.join(', ')}`);
  } catch (error) {
    logger.fatal({ err: error }, error instanceof Error ? error.message : 'the migration failed');
    process.exitCode = 1;
  }
}
