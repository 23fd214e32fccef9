import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import { inTransaction, poolOf } from './in-transaction.js';
import type { TransactionScope } from './in-transaction.js';
import { inOneRoundTrip } from './in-one-round-trip.js';
import type { ResultsOf } from './in-one-round-trip.js';
import { SharedTrips } from './shared-trips.js';
import { bind, namedStatement } from './statement.js';
import type { BoundStatement, NamedStatement, StatementResult } from './statement.js';

/** Injection token of the pg pool of the service's database. */
export const PG_POOL = Symbol('PG_POOL');

/** A service's database as its use cases see it. */
export class Database {
  readonly pool: Pool;
  /** Reads as {@link read} does, for kits that are given something to query. */
  readonly reader = {
    query: async <Row extends QueryResultRow>(statement: BoundStatement): Promise<StatementResult<Row>> => {
      const [result] = await this.reads.run([statement as BoundStatement<Row>]);
      return result;
    },
  };
  private readonly transactions: SharedTrips;
  private readonly reads: SharedTrips;

  constructor(readonly dataSource: DataSource) {
    this.pool = poolOf(dataSource);
    this.transactions = new SharedTrips(this.pool);
    this.reads = new SharedTrips(this.pool);
  }

  /** One READ COMMITTED transaction on one client; see {@link inTransaction}. */
  inTransaction<T>(work: (client: PoolClient, scope: TransactionScope) => Promise<T>): Promise<T> {
    return inTransaction(this.pool, work);
  }

  /** Statements that need nothing of each other's results, as one transaction in one round trip; see {@link inOneRoundTrip}. */
  inOneRoundTrip<const Statements extends readonly BoundStatement[]>(
    statements: Statements,
  ): Promise<ResultsOf<Statements>> {
    return inOneRoundTrip(this.pool, statements);
  }

  /**
   * The same, and may share its transaction with other requests' (group commit). Only for what touches the rows of its
   * own request and no others: see {@link SharedTrips}.
   */
  inSharedRoundTrip<const Statements extends readonly BoundStatement[]>(
    statements: Statements,
  ): Promise<ResultsOf<Statements>> {
    return this.transactions.run(statements);
  }

  /** A quick read by key of what is committed; may share its round trip with other requests' reads. */
  async read<Row extends QueryResultRow = QueryResultRow>(
    statement: NamedStatement,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const { rows } = await this.reader.query<Row>(bind(statement, values));
    return rows;
  }

  /** One statement outside of a transaction. */
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: NamedStatement,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    return namedStatement<Row>(this.pool, statement, values);
  }

  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }
}
