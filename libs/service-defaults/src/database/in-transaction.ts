import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { TransactionOutcomeUnknownError } from '../errors.js';
import { borrowClient } from './borrow-client.js';
import { isAnsweredByServer } from './outcome.js';

/** What belongs to a transaction besides its statements. */
export interface TransactionScope {
  /** Runs after a successful COMMIT, never after a rollback. Its failure is the callback's own: it changes nothing any more. */
  afterCommit(callback: () => void): void;
}

interface DriverWithPool {
  readonly master?: Pool;
}

/** The pg pool under an initialized data source: TypeORM owns the connections, the kits borrow them. */
export function poolOf(source: DataSource | Pool): Pool {
  if (!('driver' in source)) return source;
  const { master } = source.driver as unknown as DriverWithPool;
  if (!master) throw new Error('the data source is not initialized, or is not PostgreSQL');
  return master;
}

/**
 * Runs `work` in one READ COMMITTED transaction on one pg client: commits when it returns, rolls back when it throws.
 * READ COMMITTED is what the statements here are written for: each sees what was committed when it began, so a row is
 * read `FOR UPDATE` in a statement of its own after a lock was waited for.
 * @throws {TransactionOutcomeUnknownError} when the connection broke while committing
 */
export async function inTransaction<T>(
  source: DataSource | Pool,
  work: (client: PoolClient, scope: TransactionScope) => Promise<T>,
): Promise<T> {
  return borrowClient(poolOf(source), (client) => runIn(client, work));
}

async function runIn<T>(
  client: PoolClient,
  work: (client: PoolClient, scope: TransactionScope) => Promise<T>,
): Promise<T> {
  const callbacks: (() => void)[] = [];
  let result: T;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    result = await work(client, { afterCommit: (callback) => callbacks.push(callback) });
  } catch (error) {
    await rollback(client);
    throw error;
  }
  await commit(client);
  for (const callback of callbacks) callback();
  return result;
}

async function rollback(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch (error) {
    // The connection is gone, and with it the transaction; the first error is the one that matters.
    client.release(error instanceof Error ? error : true);
  }
}

async function commit(client: PoolClient): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query('COMMIT'));
  } catch (error) {
    const refused = isAnsweredByServer(error);
    client.release(refused ? undefined : true);
    if (refused) throw error;
    throw new TransactionOutcomeUnknownError('the connection broke while committing', { cause: error });
  }
  client.release();
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: somebody swallowed the statement's.
  if (command === 'ROLLBACK')
    throw new Error('a statement of this transaction had failed, so PostgreSQL rolled it back');
}
