import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { DataSource } from 'typeorm';
import { inTransaction, poolOf } from './in-transaction.js';
import type { TransactionScope } from './in-transaction.js';
import { namedStatement } from './statement.js';
import type { NamedStatement } from './statement.js';

/** Injection token of the pg pool of the service's database. */
export const PG_POOL = Symbol('PG_POOL');

/** A service's database as its use cases see it. */
export class Database {
  readonly pool: Pool;

  constructor(readonly dataSource: DataSource) {
    this.pool = poolOf(dataSource);
  }

  /** One READ COMMITTED transaction on one client; see {@link inTransaction}. */
  inTransaction<T>(work: (client: PoolClient, scope: TransactionScope) => Promise<T>): Promise<T> {
    return inTransaction(this.pool, work);
  }

  /** One statement outside of a transaction, for reads. */
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
