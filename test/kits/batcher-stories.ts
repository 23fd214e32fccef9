import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { BatchPools, createRefuseUnless, StatementBatcher } from '@rocketshop/pg';
import type { BatchPoolsOptions, BoundStatement, StatementBatcherOptions, StatementResult } from '@rocketshop/pg';
import type pg from 'pg';
import { createPool, holdLock, startPostgres } from '@rocketshop/shop-testkit';
import type { HeldLock, TestPostgres } from '@rocketshop/shop-testkit';

/** Longer than a test may last: a story in which no request leaves before the batch under way is done. */
export const FOR_EVER_MS = 600_000;

/** As long as a statement allows. */
const LONG_LOCK_WAIT_MS = 14_000;

export const numbersUpTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** What each statement of a request found, or why it failed. */
export const rowsOf = (outcome: PromiseSettledResult<readonly StatementResult[]> | undefined) =>
  outcome?.status === 'fulfilled' ? outcome.value.map(({ rows }) => rows) : outcome?.reason;

/** The requests share one batch: they come in one turn of the event loop. */
export const together = (batcher: StatementBatcher, requests: readonly (readonly BoundStatement[])[]) =>
  Promise.allSettled(requests.map((one) => batcher.run(one)));

/** One PostgreSQL with the table `things`, for the stories of one file. Locks and connections of a test end with the test. */
export class BatcherStories {
  /** A pool beside the batcher's, to look at the table and to hold locks. */
  others!: pg.Pool;
  private postgres!: TestPostgres;
  private url = '';
  private locks: HeldLock[] = [];
  private opened: BatchPools[] = [];

  /** Registers the hooks of the test file. */
  constructor() {
    beforeAll(() => this.start(), 60_000);
    afterAll(() => this.stop());
    beforeEach(() => this.others.query('TRUNCATE things'));
    afterEach(() => this.endTest());
  }

  createBatcher(options: StatementBatcherOptions & Partial<BatchPoolsOptions> = {}) {
    const pools = new BatchPools({ lockTimeoutMs: LONG_LOCK_WAIT_MS, ...options, url: this.url });
    this.opened.push(pools);
    return { pools, batcher: new StatementBatcher(pools, options) };
  }

  async lockThing(id: number): Promise<HeldLock> {
    const lock = await holdLock(this.others, 'SELECT FROM things WHERE id = $1 FOR UPDATE', [id]);
    this.locks.push(lock);
    return lock;
  }

  /** @returns the table's rows as `id:amount`, by id */
  async amounts(): Promise<string[]> {
    const { rows } = await this.others.query<{ text: string }>(
      `SELECT id || ':' || amount AS text FROM things ORDER BY id`,
    );
    return rows.map(({ text }) => text);
  }

  private async start(): Promise<void> {
    this.postgres = await startPostgres();
    this.url = await this.postgres.createDatabase();
    this.others = createPool(this.url);
    await this.others.query('CREATE TABLE things (id int PRIMARY KEY, amount int NOT NULL)');
    await createRefuseUnless(this.others);
  }

  private async stop(): Promise<void> {
    await this.others.end();
    await this.postgres.stop();
  }

  private async endTest(): Promise<void> {
    await Promise.all(this.locks.map((lock) => lock.release()));
    await Promise.all(this.opened.map((pools) => pools.close()));
    this.locks = [];
    this.opened = [];
  }
}
