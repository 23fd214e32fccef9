import type { Deadline } from '../deadline.js';
import { checkDurations } from '../durations.js';
import { LockTimeoutError, StatementRefusedError, StatementsNotSentError } from '../errors.js';
import { isAnsweredByServer } from '../outcome.js';
import { preparedPipeline } from '../pipeline/pipeline.js';
import type { BoundStatement, ResultsOf, StatementResult } from '../statement.js';
import type { BatchPools } from './batch-pools.js';
import { mergeStatements } from './merge-statements.js';
import { runAlone } from './run-alone.js';
import type { Waiter } from './waiter.js';

export interface StatementBatcherOptions {
  /**
   * Longest time that a waiter waits for the batch under way, in milliseconds. A batch that takes longer waits for a lock or
   * is slow; the next batch leaves without it, on another connection. @default 25
   */
  readonly maxWaitMs?: number;
  /** Requests of one batch. @default 64 */
  readonly batchSizeMax?: number;
}

export interface BatcherCounts {
  readonly requests: number;
  readonly batches: number;
  readonly alone: number;
}

/**
 * Batches of one batcher at a time. Without a limit slow batches would leave every few milliseconds, each with a few requests,
 * and stand before the reads in the pool's queue. One connection of the pool stays for the other batcher of a service.
 */
const BATCHES_MAX = 3;

/*
 * A batch
 *   collecting   requests of one turn of the event loop, or of the time in which another batch is under way
 *   under way    one transaction for all of its requests; the next batch waits for it, at most maxWaitMs
 *   done         each request has its results
 *   failed       PostgreSQL rolled back all of it. Each request goes alone: see `runAlone`
 */

/**
 * Group commit: the requests that come in one turn of the event loop, or while a batch is under way, share the next
 * transaction. A request without company does not wait. Under load many requests share a commit with its fsync, a round trip,
 * and the executions of their columnar statements: see {@link mergeStatements}.
 *
 * For reads, for transactions that touch rows of their own request only, and for transactions that lock the rows of all
 * requests in sorted order. A batch whose lock is not granted in `lockTimeoutMs` of the pools fails, as does a batch with one
 * request that is refused: then each request goes alone, and fails or takes effect by itself.
 */
export class StatementBatcher {
  private readonly maxWaitMs: number;
  private readonly batchSizeMax: number;
  private waiters: Waiter[] = [];
  /** The batch that the next one waits for. */
  private underWay: readonly Waiter[] | undefined;
  private isFlushing = false;
  /** Batches that are not answered yet. */
  private sentCount = 0;
  private requests = 0;
  private batches = 0;
  private alone = 0;

  /** @throws {InvalidLimitsError} */
  constructor(
    private readonly pools: BatchPools,
    { maxWaitMs = 25, batchSizeMax = 64 }: StatementBatcherOptions = {},
  ) {
    checkDurations({ maxWaitMs });
    this.maxWaitMs = maxWaitMs;
    this.batchSizeMax = batchSizeMax;
  }

  /**
   * Runs `statements` as one transaction, all of them or none: what {@link pipeline} does, with its errors.
   * @param deadline ends a wait for a lock; without a deadline the wait ends after 10 s
   */
  run<const Statements extends readonly BoundStatement[]>(
    statements: Statements,
    { deadline }: Deadline = {},
  ): Promise<ResultsOf<Statements>> {
    return new Promise((resolve, reject) => {
      const settle = (results: readonly StatementResult[]): void => resolve(results as ResultsOf<Statements>);
      this.waiters.push({ statements, deadline, resolve: settle, reject });
      this.flushSoon();
    });
  }

  /** For metrics. Requests and batches since the start, and requests that had to go alone. */
  get counts(): BatcherCounts {
    return { requests: this.requests, batches: this.batches, alone: this.alone };
  }

  /** At the end of the event loop's turn: one answer often resumes many requests in one turn, and each sends its next statements. */
  private flushSoon(): void {
    if (this.underWay || this.isFlushing || this.sentCount >= BATCHES_MAX) return;
    this.isFlushing = true;
    setImmediate(() => {
      this.isFlushing = false;
      if (!this.underWay) this.flush();
    });
  }

  private flush(): void {
    const batch = this.waiters.splice(0, this.batchSizeMax);
    if (batch.length === 0) return;
    this.underWay = batch;
    this.sentCount++;
    this.batches++;
    this.requests += batch.length;
    const letNextLeave = (): void => {
      if (this.underWay !== batch) return;
      this.underWay = undefined;
      this.flushSoon();
    };
    const timer = setTimeout(letNextLeave, this.maxWaitMs);
    void this.send(batch).then(() => {
      clearTimeout(timer);
      this.sentCount--;
      letNextLeave();
      this.flushSoon();
    });
  }

  /** Never rejects: each waiter gets its own outcome. */
  private async send(batch: readonly Waiter[]): Promise<void> {
    try {
      const { statements, divide } = mergeStatements(batch.map((waiter) => waiter.statements));
      const results = divide(await preparedPipeline(this.pools.shared, statements));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] ?? []);
    } catch (error) {
      // The others need not wait for what goes alone from here on.
      if (batch.length > 1 ? isRolledBack(error) : error instanceof LockTimeoutError) this.sendEachAlone(batch);
      else for (const { reject } of batch) reject(error);
    }
  }

  private sendEachAlone(batch: readonly Waiter[]): void {
    this.alone += batch.length;
    for (const waiter of batch) runAlone(this.pools, waiter).then(waiter.resolve, waiter.reject);
  }
}

/** Rolled back for certain, for a reason that may be one request's own. */
const isRolledBack = (error: unknown): boolean =>
  error instanceof StatementRefusedError ||
  error instanceof LockTimeoutError ||
  error instanceof StatementsNotSentError ||
  isAnsweredByServer(error);
