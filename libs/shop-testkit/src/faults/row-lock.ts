import type { Pool } from 'pg';
import { sessionsWaitingForLock } from '../servers/scratch-postgres.js';
import { until } from '../wait/until.js';

export interface HeldLock {
  /** Lets go; the second time there is nothing to do. `first` runs before and commits with it, for a story in which the holder changes something. */
  release(first?: string): Promise<void>;
}

/** Holds what `sql` locks, on a connection of its own, so that the parts of a race queue up before it in a known order. */
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

/** Resolves when exactly `count` connections of this database wait for a lock: so many parts of a race stand in the queue. */
export async function untilWaiting(pool: Pool, count: number): Promise<void> {
  await until(async () => (await sessionsWaitingForLock(pool)) === count, {
    intervalMs: 2,
    description: `${count} connection(s) to wait for a lock`,
  });
}

/**
 * Runs a race with a known winner: `first` reaches the lock that `sql` takes before `second` does, and both stand there
 * when it opens. PostgreSQL lets them through in that order.
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

/** Settles always, so that a rejection that is looked at later is not an unhandled one meanwhile. */
const settled = async <T>(work: Promise<T>): Promise<PromiseSettledResult<T>> => {
  const [result] = await Promise.allSettled([work]);
  return result;
};
