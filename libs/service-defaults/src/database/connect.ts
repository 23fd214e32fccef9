import { setTimeout as pause } from 'node:timers/promises';
import { checkDurations, isUnavailable } from '@rocketshop/pg';
import { DataSource } from 'typeorm';
import { DatabaseUnavailableError } from '../errors.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseOptions } from './data-source-options.js';
import { mayMigrate, migrate, untilMigrated } from './migrations.js';

const RETRY_EVERY_MS = 500;
/** Often enough for who watches a start, and no flood for who does not. */
const REPORT_EVERY_MS = 5_000;
const START_TIMEOUT_MS = 60_000;
/** Migrations run one after the other. */
const OWNER_SESSIONS = 1;
/** An index of a large table takes minutes. With the limit of a service's statements no start would ever get past it. */
const OWNER_LIMITS = { statementTimeoutMs: 600_000, silenceTimeoutMs: 610_000 };
/** Everybody waits behind who waits for a table. It is longer than any statement of a service takes. */
const OWNER_LOCK_TIMEOUT = 'lock_timeout=20000';

/**
 * Connects, and gives a database that has all migrations. With a `migrationUrl` the owner migrates in sessions of its own, which
 * are closed before the service's are opened. Without one the service's own role migrates if it may, or waits until somebody has.
 * Waits for a server that is not up yet; a wrong password or database fails at once.
 * @throws {InvalidLimitsError}
 */
export async function connectAndMigrate(options: DatabaseOptions): Promise<DataSource> {
  checkDurations(options);
  if (options.migrationUrl !== undefined) await migrateAsOwner(options, options.migrationUrl);
  const dataSource = await connect(options);
  try {
    if (await mayMigrate(dataSource)) await migrateAsOwner(options, options.url);
    else await untilMigrated(dataSource, options.startTimeoutMs ?? START_TIMEOUT_MS);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** Migrates and disconnects. @returns the names of the migrations that ran here */
export async function migrateAsOwner(options: DatabaseOptions, url: string): Promise<string[]> {
  const dataSource = await connect({
    ...options,
    ...OWNER_LIMITS,
    url,
    poolMax: OWNER_SESSIONS,
    sessionSettings: [OWNER_LOCK_TIMEOUT],
  });
  try {
    return await migrate(dataSource, { ...options, url });
  } finally {
    await dataSource.destroy();
  }
}

async function connect(options: DatabaseOptions): Promise<DataSource> {
  const giveUpAt = Date.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
  let reportAt = 0;
  for (;;) {
    const dataSource = new DataSource(dataSourceOptions(options));
    try {
      return await dataSource.initialize();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (Date.now() >= giveUpAt) {
        throw new DatabaseUnavailableError(`no answer from the database: ${codeOf(error)}`, { cause: error });
      }
      if (Date.now() >= reportAt) {
        reportAt = Date.now() + REPORT_EVERY_MS;
        options.onWaiting?.(codeOf(error));
      }
      await pause(RETRY_EVERY_MS);
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
