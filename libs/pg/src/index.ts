export * from './errors.js';
export { checkDurations, durationProblem, durationProblems, ruleProblems } from './durations.js';
export type { LimitRule } from './durations.js';
export { deadlineIn, msUntil } from './deadline.js';
export type { Deadline, DeadlineInstant, LockWait } from './deadline.js';
export { bind, bindLine, run, runAll } from './statement.js';
export type {
  BoundStatement,
  ColumnarStatement,
  PgClient,
  ResultsOf,
  SqlRunner,
  Statement,
  StatementResult,
} from './statement.js';
export { transaction } from './transaction.js';
export type { TransactionScope } from './transaction.js';
export { pipeline } from './pipeline/pipeline.js';
export type { PipelineOptions } from './pipeline/pipeline.js';
export { LivePool } from './live-pool.js';
export { LockTurns } from './locks/lock-turns.js';
export type { LockTurnsOptions } from './locks/lock-turns.js';
export { BatchPools } from './batcher/batch-pools.js';
export type { BatchPoolsOptions } from './batcher/batch-pools.js';
export { StatementBatcher } from './batcher/statement-batcher.js';
export type { BatcherCounts, StatementBatcherOptions } from './batcher/statement-batcher.js';
export { createRefuseUnless, dropRefuseUnless, refusalOf } from './refuse.js';
export { retryWhenRefused } from './retry-when-refused.js';
export type { RetryOptions } from './retry-when-refused.js';
export { retryWhenUnknown } from './retry-when-unknown.js';
export { isUnavailable } from './unavailable.js';
export { purgeOlderThan } from './purge.js';
export type { Purge } from './purge.js';
export { limitedSession } from './session-limits.js';
export type { SessionLimits } from './session-limits.js';
export { createIndexInUse } from './create-index-in-use.js';
export { updateInBatches } from './update-in-batches.js';
export type { BatchedUpdate } from './update-in-batches.js';
export { underMigrationLock } from './migration-lock.js';
export { bigintTypes } from './bigint-types.js';
