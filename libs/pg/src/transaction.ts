import type { Pool, PoolClient } from 'pg';
import { borrowClient } from './borrow-client.js';
import { lockTimeoutMs } from './deadline.js';
import type { LockWait } from './deadline.js';
import { TransactionOutcomeUnknownError } from './errors.js';
import { isAnsweredByServer, typedError } from './outcome.js';

/** What belongs to a transaction besides its statements. */
export interface TransactionScope {
  /** Runs `callback` after a successful COMMIT, and never after a rollback. */
  afterCommit(callback: () => void): void;
}

type Work<T> = (client: PoolClient, scope: TransactionScope) => Promise<T>;

/**
 * Runs `work` in one READ COMMITTED transaction on one client: commits when `work` returns, rolls back when it throws. In
 * READ COMMITTED each statement sees what was committed when the statement began. So a row is read `FOR UPDATE` in a
 * statement of its own after a lock was waited for.
 * @throws {StatementRefusedError} when a statement refused
 * @throws {LockTimeoutError} when a lock was not granted before the deadline
 * @throws {TransactionOutcomeUnknownError} when the connection broke while committing
 */
export async function transaction<T>(pool: Pool, work: Work<T>, limits: LockWait = {}): Promise<T> {
  return borrowClient(pool, (client) => runIn(client, work, limits));
}

async function runIn<T>(client: PoolClient, work: Work<T>, limits: LockWait): Promise<T> {
  const callbacks: (() => void)[] = [];
  let result: T;
  try {
    await client.query(begin(limits));
    result = await work(client, { afterCommit: (callback) => callbacks.push(callback) });
  } catch (error) {
    await rollback(client);
    throw typedError(error);
  }
  await commit(client);
  for (const callback of callbacks) callback();
  return result;
}

const begin = ({ deadline, lockWaitMaxMs }: LockWait): string => {
  const lockTimeout =
    deadline === undefined ? '' : `; SET LOCAL lock_timeout = ${lockTimeoutMs(deadline, lockWaitMaxMs)}`;
  return `BEGIN ISOLATION LEVEL READ COMMITTED${lockTimeout}`;
};

async function rollback(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch (error) {
    // The connection is gone, and with it the transaction. The caller needs the first error, not this one.
    client.release(error instanceof Error ? error : true);
  }
}

async function commit(client: PoolClient): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query('COMMIT'));
  } catch (error) {
    const isAnswered = isAnsweredByServer(error);
    client.release(!isAnswered);
    if (isAnswered) throw typedError(error);
    throw new TransactionOutcomeUnknownError('the connection broke while committing', { cause: error });
  }
  client.release();
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: `work` swallowed a statement's error.
  if (command === 'ROLLBACK')
    throw new Error('a statement of this transaction had failed, so PostgreSQL rolled it back');
}
