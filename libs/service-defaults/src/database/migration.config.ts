import { configField } from '../config/fields.js';
import { loadConfig } from '../config/load-config.js';
import type { ConfigOf } from '../config/load-config.js';
import { demoFields, processFields } from '../config/service-fields.js';

/** The migration needs the owner's URL and no other secret. */
const FIELDS = {
  migrationDatabaseUrl: configField.secretUrl({
    protocols: ['postgres', 'postgresql'],
    reason: 'the database for the owner of its tables',
  }),
  ...demoFields(),
  ...processFields(),
};

/** @throws {ConfigurationError} that names every wrong variable at once */
export const loadMigrationConfig = (environment: NodeJS.ProcessEnv = process.env): ConfigOf<typeof FIELDS> =>
  loadConfig(FIELDS, environment);
