import type { ClientBase, QueryResult, QueryResultRow } from 'pg';

/** The pg client of the caller's transaction, or a pool for a single statement. */
export type PgQueryable = Pick<ClientBase, 'query'>;

/** Runs single statements: a pool, a client, or what gathers several requests' reads into one round trip. */
export interface PgReader {
  query<Row extends QueryResultRow>(statement: PgStatement): Promise<Pick<QueryResult<Row>, 'rows'>>;
}

/** Anything that runs SQL: a TypeORM QueryRunner, a pg client or pool. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

/** A prepared statement with its values, as `query` takes it, or a client that sends several at once. */
export interface PgStatement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
  /** Each value is a column, with an element for each key: several such statements are one with longer columns. */
  readonly columnar?: true;
}
