import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { LockTimeoutError } from '../errors.js';
import { preparedPipeline } from '../pipeline/pipeline.js';
import type { StatementResult } from '../statement.js';
import type { Waiter } from './waiter.js';

/** Ends the lock wait of a request that has no deadline. */
const LOCK_WAIT_MAX_MS = 10_000;
/** The first look whether the locks are free. The requests that failed with this one in a batch wait behind it. */
const LOOK_MS = 10;
const LOOK_AGAIN_MS = 100;
/** Connections on which requests wait for locks. It is less than the pool has, so that requests whose locks are free go on. */
const LOCK_WAITS_MAX = 3;

/** How many requests wait for a lock on a connection of their own, by pool. */
const lockWaits = new WeakMap<Pool, number>();

/*
 * A request that goes alone
 *   looking   its locks must be granted within a few milliseconds
 *   waiting   on a connection of its own, in PostgreSQL's queue for the lock, until its deadline. At most three do so at a time
 *   queued    all three are taken, by requests that may wait long: it looks again every 100 ms, and waits when there is room
 */

/**
 * Runs the statements of one request as a transaction of their own. A request that waits for a lock does not keep others from
 * going on, whatever row it waits for and however many such requests there are.
 * @throws {LockTimeoutError} when a lock was not granted before the deadline; nothing was changed
 */
export async function runAlone(pool: Pool, { statements, deadline }: Waiter): Promise<readonly StatementResult[]> {
  const giveUpAt = deadline ?? Date.now() + LOCK_WAIT_MAX_MS;
  const attempt = (lockWaitMs: number): Promise<StatementResult[]> =>
    preparedPipeline(pool, statements, { deadline: Math.min(giveUpAt, Date.now() + lockWaitMs) });
  for (;;) {
    try {
      return await attempt(LOOK_MS);
    } catch (error) {
      if (!(error instanceof LockTimeoutError) || Date.now() >= giveUpAt) throw error;
    }
    const waits = lockWaits.get(pool) ?? 0;
    if (waits < LOCK_WAITS_MAX) {
      lockWaits.set(pool, waits + 1);
      try {
        return await attempt(giveUpAt - Date.now());
      } finally {
        lockWaits.set(pool, (lockWaits.get(pool) ?? 1) - 1);
      }
    }
    await pause(Math.min(LOOK_AGAIN_MS, Math.max(1, giveUpAt - Date.now())));
  }
}
