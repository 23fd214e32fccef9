import { deadlineIn } from '../deadline.js';
import { preparedPipeline } from '../pipeline/pipeline.js';
import type { StatementResult } from '../statement.js';
import type { BatchPools } from './batch-pools.js';
import type { Waiter } from './waiter.js';

/** Ends the lock wait of a request that has no deadline. */
const LOCK_WAIT_MAX_MS = 10_000;
/** Longest wait for one lock during a look. */
const LOOK_MS = 10;

/**
 * Runs the statements of one request as a transaction of their own. A request that waits for a lock does not keep others from
 * going on: see `LockTurns`.
 * @throws {LockTimeoutError} when a lock was not granted before the deadline; nothing was changed
 */
export async function runAlone(
  { alone, turns }: BatchPools,
  { statements, deadline }: Waiter,
): Promise<readonly StatementResult[]> {
  const giveUpAt = deadline ?? deadlineIn(LOCK_WAIT_MAX_MS);
  return turns.run((lockWaitMaxMs) => preparedPipeline(alone, statements, { deadline: giveUpAt, lockWaitMaxMs }), {
    giveUpAt,
    lookMs: LOOK_MS,
  });
}
