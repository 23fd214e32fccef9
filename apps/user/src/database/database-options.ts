import type { DatabaseConfig, DatabaseOptions } from '@rocketshop/service-defaults';
import { AccountEntity } from './entities/account.entity.js';
import { UserEntity } from './entities/user.entity.js';
import { CreateUser1780000000000 } from './migrations/1780000000000-create-user.js';
import { OutboxLeases1790000000001 } from './migrations/1790000000001-outbox-leases.js';

/** The service's own database: its entities, and the migrations that make it. */
export const databaseOptions = (config: DatabaseConfig): DatabaseOptions => ({
  url: config.databaseUrl.reveal(),
  migrationUrl: config.migrationDatabaseUrl?.reveal(),
  poolMax: config.databasePoolMax,
  batchLockTimeoutMs: config.batchLockTimeoutMs,
  entities: [UserEntity, AccountEntity],
  migrations: [CreateUser1780000000000, OutboxLeases1790000000001],
  applicationName: 'user',
});
