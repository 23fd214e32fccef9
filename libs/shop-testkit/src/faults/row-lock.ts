import type { Pool } from 'pg';
import { sessionsWaitingForLock } from '../servers/test-postgres.js';
import { until } from '../wait/until.js';

export interface HeldLock {
  /**
   * Commits the transaction that holds the lock; a second call does nothing. `first` is SQL that runs in this transaction before
   * the commit, for a story in which the holder of the lock changes the row.
   */
  release(first?: string): Promise<void>;
}

/** Holds the lock that `sql` takes, on its own connection. The parts of a race then wait for the lock in a known order. */
export async function holdLock(pool: Pool, sql: string, values: readonly unknown[] = []): Promise<HeldLock> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(sql, [...values]);
  let isHeld = true;
  return {
    release: async (first) => {
      if (!isHeld) return;
      isHeld = false;
      if (first) await client.query(first);
      await client.query('COMMIT');
      client.release();
    },
  };
}

/** Resolves when exactly `count` sessions of this database wait for a lock: so many parts of a race have begun. */
export async function untilWaiting(pool: Pool, count: number): Promise<void> {
  await until(async () => (await sessionsWaitingForLock(pool)) === count, {
    intervalMs: 2,
    description: `${count} connection(s) to wait for a lock`,
  });
}

/**
 * Runs a race with a known winner: `first` waits for the lock before `second` does, and then the lock is released. PostgreSQL
 * grants a lock in the order in which the sessions began to wait.
 */
export async function raceAtLock<A, B>(
  pool: Pool,
  lock: { readonly sql: string; readonly values?: readonly unknown[] },
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  const held = await holdLock(pool, lock.sql, lock.values);
  try {
    const a = settled(first());
    await untilWaiting(pool, 1);
    const b = settled(second());
    await untilWaiting(pool, 2);
    await held.release();
    return [await a, await b];
  } finally {
    await held.release();
  }
}

/** The promise never rejects. A rejection that the caller reads only later would count as unhandled until then. */
const settled = async <T>(work: Promise<T>): Promise<PromiseSettledResult<T>> => {
  const [result] = await Promise.allSettled([work]);
  return result;
};
