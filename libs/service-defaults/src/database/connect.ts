import { setTimeout as pause } from 'node:timers/promises';
import { underMigrationLock } from '@rocketshop/pg';
import { DataSource } from 'typeorm';
import { DatabaseUnavailableError } from '../errors.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseOptions } from './data-source-options.js';

const RETRY_EVERY_MS = 500;

/** Refused, reset, not resolvable yet, or "the database system is starting up": worth waiting for while containers start. */
const STARTING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  '57P03',
  '08006',
  '08001',
]);

/** Runs the pending migrations under the lock. @returns the names of the migrations that ran here */
export async function migrate(dataSource: DataSource, url: string): Promise<string[]> {
  const ran = await underMigrationLock(url, () => dataSource.runMigrations({ transaction: 'each' }));
  return ran.map((migration) => migration.name);
}

/** Connects and migrates. Waits for a server that is not up yet; a wrong password or database fails at once. */
export async function connectAndMigrate(options: DatabaseOptions): Promise<DataSource> {
  const dataSource = await connect(options);
  try {
    await migrate(dataSource, options.url);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

async function connect(options: DatabaseOptions): Promise<DataSource> {
  const giveUpAt = Date.now() + (options.startTimeoutMs ?? 60_000);
  for (;;) {
    const dataSource = new DataSource(dataSourceOptions(options));
    try {
      return await dataSource.initialize();
    } catch (error) {
      if (!isStarting(error)) throw error;
      if (Date.now() >= giveUpAt) {
        throw new DatabaseUnavailableError(`no answer from the database: ${codeOf(error)}`, { cause: error });
      }
      await pause(RETRY_EVERY_MS);
    }
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

function isStarting(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isStarting);
  return STARTING.has(codeOf(error));
}
