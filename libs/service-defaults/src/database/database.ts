import type { OnApplicationShutdown } from '@nestjs/common';
import { BatchPools, bind, deadlineIn, LockTurns, pipeline, run, StatementBatcher, transaction } from '@rocketshop/pg';
import type {
  BoundStatement,
  Deadline,
  DeadlineInstant,
  LockWait,
  ResultsOf,
  Statement,
  StatementResult,
  TransactionScope,
} from '@rocketshop/pg';
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import type { DatabaseOptions } from './data-source-options.js';

/**
 * Ends the lock wait of a transaction without a deadline. Most of them are the handler of a message or of a callback, which comes again
 * soon, while others wait for the handler.
 */
const LOCK_WAIT_MAX_MS = 500;
const LOOK_MS = 25;

/**
 * A service's database as its use cases see it. TypeORM's pool serves reads by repositories, transactions and pipelines; the
 * batcher has connections of its own, so that hot work cannot use up everybody's.
 */
export class Database implements OnApplicationShutdown {
  readonly pool: Pool;
  /** The sessions of the batcher. */
  readonly batchPools: BatchPools;
  /** Runs reads as {@link read} does, for kits that are given something to query. */
  readonly reader = {
    query: async <Row extends QueryResultRow>(statement: BoundStatement<Row>): Promise<StatementResult<Row>> => {
      const [result] = await this.reads.run([statement]);
      return result;
    },
  };
  /** Keeps connections of `pool` free from those who wait for locks. */
  readonly lockTurns: LockTurns;
  private readonly transactions: StatementBatcher;
  private readonly reads: StatementBatcher;
  private readonly lookMs: number;

  constructor(
    readonly dataSource: DataSource,
    options: DatabaseOptions,
  ) {
    this.pool = poolOf(dataSource);
    this.lookMs = options.batchLockTimeoutMs ?? LOOK_MS;
    this.lockTurns = new LockTurns({
      looking: Infinity,
      waiting: Math.max(1, Math.floor(this.pool.options.max / 4)),
      lookingAgain: 1,
    });
    this.batchPools = new BatchPools({ ...options, lockTimeoutMs: options.batchLockTimeoutMs });
    this.transactions = new StatementBatcher(this.batchPools);
    this.reads = new StatementBatcher(this.batchPools);
  }

  /**
   * One READ COMMITTED transaction on one client; see `transaction` of @rocketshop/pg. `work` begins anew when a lock was not granted
   * soon. Nothing was changed then, and the transaction waits for the lock where it takes nobody's connection.
   */
  transaction<T>(
    work: (client: PoolClient, scope: TransactionScope) => Promise<T>,
    options: Deadline = {},
  ): Promise<T> {
    return this.atLocks(options, (limits) => transaction(this.pool, work, limits));
  }

  /** A list of statements as one transaction in one round trip; see `pipeline` of @rocketshop/pg. It waits for locks as {@link transaction} does. */
  pipeline<const Statements extends readonly BoundStatement[]>(
    statements: Statements,
    options: Deadline = {},
  ): Promise<ResultsOf<Statements>> {
    return this.atLocks(options, (limits) => pipeline(this.pool, statements, limits));
  }

  /**
   * The same, for the hot path: requests that come together share one transaction. Only for statements that touch rows of
   * their own request, or lock the rows of all requests in sorted order; see `StatementBatcher` of @rocketshop/pg.
   */
  batch<const Statements extends readonly BoundStatement[]>(
    statements: Statements,
    options: Deadline = {},
  ): Promise<ResultsOf<Statements>> {
    return this.transactions.run(statements, { deadline: this.giveUpAt(options) });
  }

  /** A quick read by key of what is committed. Reads of requests that come together share one round trip. */
  async read<Row extends QueryResultRow = QueryResultRow>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const { rows } = await this.reader.query<Row>(bind(statement, values));
    return rows;
  }

  /** One statement outside of a transaction, which waits for no lock: a read, or one that skips what is locked. */
  query<Row extends QueryResultRow = QueryResultRow>(statement: BoundStatement<Row>): Promise<StatementResult<Row>> {
    return run(this.pool, statement);
  }

  /** For metrics. */
  get batchers(): readonly StatementBatcher[] {
    return [this.transactions, this.reads];
  }

  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  private giveUpAt({ deadline }: Deadline): DeadlineInstant {
    return deadline ?? deadlineIn(Math.max(LOCK_WAIT_MAX_MS, this.lookMs));
  }

  private atLocks<T>(options: Deadline, attempt: (limits: LockWait) => Promise<T>): Promise<T> {
    const giveUpAt = this.giveUpAt(options);
    return this.lockTurns.run((lockWaitMaxMs) => attempt({ deadline: giveUpAt, lockWaitMaxMs }), {
      giveUpAt,
      lookMs: this.lookMs,
    });
  }

  /** Nest's TypeORM module closes the data source. */
  async onApplicationShutdown(): Promise<void> {
    await this.batchPools.close();
  }

  /** Closes all connections, where no Nest application does so. */
  async close(): Promise<void> {
    await this.batchPools.close();
    await this.dataSource.destroy();
  }
}

/** The pg pool of an initialized data source: TypeORM owns the connections, the kits borrow them. */
function poolOf(source: DataSource): Pool {
  const { master } = source.driver as unknown as { readonly master?: Pool };
  if (!master) throw new Error('the data source is not initialized, or is not PostgreSQL');
  return master;
}
