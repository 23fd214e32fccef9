import { setTimeout as pause } from 'node:timers/promises';
import { deadlineIn, msUntil } from '../deadline.js';
import { LockTimeoutError } from '../errors.js';
import { preparedPipeline } from '../pipeline/pipeline.js';
import type { StatementResult } from '../statement.js';
import type { BatchPools } from './batch-pools.js';
import type { Waiter } from './waiter.js';

/** Ends the lock wait of a request that has no deadline. */
const LOCK_WAIT_MAX_MS = 10_000;
/** Longest wait for one lock during a look. */
const LOOK_MS = 10;
const LOOK_AGAIN_MS = 100;

/*
 * A request that goes alone. Each state has connections of its own, so that requests in one state do not hold up another.
 *   looking        its locks must be granted within a few milliseconds
 *   waiting        in PostgreSQL's queue for the lock, until its deadline. At most three requests do so at a time
 *   looking again  three requests wait already, and may wait long: it looks every 100 ms, and waits when there is room
 */

/**
 * Runs the statements of one request as a transaction of their own. A request that waits for a lock does not keep others from
 * going on, whatever row it waits for and however many such requests there are.
 * @throws {LockTimeoutError} when a lock was not granted before the deadline; nothing was changed
 */
export async function runAlone(
  { alone, turns }: BatchPools,
  { statements, deadline }: Waiter,
): Promise<readonly StatementResult[]> {
  const giveUpAt = deadline ?? deadlineIn(LOCK_WAIT_MAX_MS);
  const attempt = async (lockWaitMaxMs?: number): Promise<StatementResult[]> => {
    // The turn may have come late. The caller has given up by then, and others wait for the connection.
    if (msUntil(giveUpAt) <= 0) throw new LockTimeoutError('the deadline passed; nothing was changed');
    return preparedPipeline(alone, statements, { deadline: giveUpAt, lockWaitMaxMs });
  };
  const look = (): Promise<StatementResult[]> => attempt(LOOK_MS);
  for (let isFirst = true; ; isFirst = false) {
    try {
      if (isFirst) return await turns.toLook.run(look);
      if (turns.toWait.isFree) return await turns.toWait.run(attempt);
      return await turns.toLookAgain.run(look);
    } catch (error) {
      if (!(error instanceof LockTimeoutError) || msUntil(giveUpAt) <= 0) throw error;
    }
    if (!turns.toWait.isFree) await pause(Math.min(LOOK_AGAIN_MS, Math.max(1, msUntil(giveUpAt))));
  }
}
