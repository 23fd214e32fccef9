import type { ClientBase } from 'pg';

/** The pg client of the caller's transaction, or a pool for a single statement. */
export type PgQueryable = Pick<ClientBase, 'query'>;

/** Anything that runs SQL: a TypeORM QueryRunner, a pg client or pool. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

/** A prepared statement with its values, as `query` takes it, or a client that sends several at once. */
export interface PgStatement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}
