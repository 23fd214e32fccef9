import type { DataSourceOptions } from 'typeorm';
import { bigintTypes } from './pg-types.js';

export interface DatabaseOptions {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** @default 10 */
  readonly poolMax?: number;
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A statement that runs longer is stuck: the caller has given up long ago. @default 15000 */
  readonly statementTimeoutMs?: number;
  /** A transaction that sits open without a statement holds row locks others wait for. @default 30000 */
  readonly idleInTransactionTimeoutMs?: number;
  /** @default 5000 */
  readonly connectTimeoutMs?: number;
  /** How long start-up waits for a database that is not there yet (containers start together). @default 60000 */
  readonly startTimeoutMs?: number;
}

/*
 * A prepared statement keeps the plan that it got while its tables were small, when reading all of one looks cheap, until
 * they are analyzed again. Ours find rows by key, one after the other, so they are planned once and for tables of any size.
 */
const PLAN_BY_KEY = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_material=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/** TypeORM options for one service's database. The schema changes by migrations only: `synchronize` is never on. */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
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
    connectTimeoutMS: options.connectTimeoutMs ?? 5_000,
    poolSize: options.poolMax ?? 10,
    extra: {
      types: bigintTypes,
      statement_timeout: options.statementTimeoutMs ?? 15_000,
      idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 30_000,
      keepAlive: true,
      options: PLAN_BY_KEY,
    },
  };
}
