import type { ClientBase, QueryResult, QueryResultRow } from 'pg';

/** What a hot statement needs of the caller's transaction client. */
export type TransactionClient = Pick<ClientBase, 'query'>;

/** A hot statement: prepared once a connection under its name. Names are unique in a service; the text never changes under one. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

/** Sends `statement` as a prepared statement on the transaction's client. int8 columns arrive as BigInt. */
export function namedStatement<Row extends QueryResultRow = QueryResultRow>(
  client: TransactionClient,
  statement: NamedStatement,
  values: readonly unknown[] = [],
): Promise<QueryResult<Row>> {
  return client.query<Row>({ name: statement.name, text: statement.text, values: [...values] });
}
