import { bigintTypes, limitedSession, LivePool } from '@rocketshop/pg';
import type { SessionLimits } from '@rocketshop/pg';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { Secret } from '../config/secret.js';

/** The fields of a service's configuration that tell about its database. `serviceFields` declares them. */
export interface DatabaseConfig {
  readonly databaseUrl: Secret;
  readonly migrationDatabaseUrl?: Secret | undefined;
  readonly databasePoolMax: number;
  readonly batchLockTimeoutMs: number;
}

/** What a service says of its database. The limits have defaults that fit every service. */
export interface DatabaseOptions extends SessionLimits {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** The same database for the owner of its tables, who migrates. @default the role of `url` migrates if it may */
  readonly migrationUrl?: string | undefined;
  /** Connections of TypeORM's pool; the batcher has its own. @default 8 */
  readonly poolMax?: number;
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** How long the start waits for a database that is not there yet, since containers start together. @default 60000 */
  readonly startTimeoutMs?: number;
  /** Called at the first attempt that finds no database at start, and every few seconds after it. */
  readonly onWaiting?: (reason: string) => void;
  /** Further settings of each session, as name=value. @default none */
  readonly sessionSettings?: readonly string[];
  /** Longest wait for one lock before a request counts as one that waits for a lock; see `LockTurns` of @rocketshop/pg. @default 25 */
  readonly batchLockTimeoutMs?: number;
}

/** pg with a pool that lends no dead connection, for TypeORM too. */
const DRIVER = Object.create(pg, { Pool: { value: LivePool } }) as typeof pg;

/**
 * TypeORM's options for one service's database. The sessions have PostgreSQL's ordinary planner settings. The schema changes
 * by migrations only: `synchronize` is never on.
 */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
    driver: DRIVER,
    url: options.url,
    entities: options.entities,
    migrations: options.migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    migrationsRun: false,
    synchronize: false,
    logging: false,
    installExtensions: false,
    applicationName: options.applicationName,
    poolSize: options.poolMax ?? 8,
    extra: { ...limitedSession(options, options.sessionSettings), types: bigintTypes },
  };
}
