import { configField } from '../config/fields.js';
import { loadConfig } from '../config/load-config.js';
import { demoFields, processFields } from '../config/service-fields.js';
import { createLogger } from '../logging/create-logger.js';
import { migrateAsOwner } from './connect.js';
import type { DatabaseConfig, DatabaseOptions } from './data-source-options.js';

/** The migration needs the owner's URL and no other secret. */
const FIELDS = {
  migrationDatabaseUrl: configField.secretUrl({
    protocols: ['postgres', 'postgresql'],
    reason: 'the database for the owner of its tables',
  }),
  ...demoFields(),
  ...processFields(),
};

/**
 * The whole of a service's `migrate.ts`: it migrates as the owner of the tables and exits, with 0 when the database has every
 * migration. Where it runs before each start of a new version, the running services never have the owner's password.
 */
export async function runMigrations(
  name: string,
  optionsOf: (config: DatabaseConfig) => DatabaseOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const logger = createLogger({ name });
  try {
    const config = loadConfig(FIELDS, environment);
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
