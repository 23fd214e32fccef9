import type { ClientBase, QueryResult, QueryResultRow } from 'pg';

/** What a hot statement needs of the caller's transaction client. */
export type TransactionClient = Pick<ClientBase, 'query'>;

/** A hot statement: prepared once a connection under its name. Names are unique in a service; the text never changes under one. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  /**
   * Each parameter is a column: an array with one value for each line it is about, which `unnest` turns into rows. What
   * many requests want is then one execution with longer columns: see {@link mergeStatements}. A row that it returns
   * names its line (`WITH ORDINALITY`, from 1) as `line`, an int.
   */
  readonly columnar?: true;
}

/** A {@link NamedStatement} whose parameters are columns. */
export interface ColumnarStatement extends NamedStatement {
  readonly columnar: true;
}

/** A hot statement with its values, ready to be sent among others. `row` is never there: it tells the compiler what rows come. */
export interface BoundStatement<Row extends QueryResultRow = QueryResultRow> extends NamedStatement {
  readonly values: readonly unknown[];
  readonly row?: Row;
}

/** What a statement of a batch found and did. */
export interface StatementResult<Row extends QueryResultRow = QueryResultRow> {
  readonly rows: Row[];
  /** Rows read or changed. */
  readonly rowCount: number;
}

/** @param values of a columnar statement: its columns */
export const bind = <Row extends QueryResultRow = QueryResultRow>(
  statement: NamedStatement,
  values: readonly unknown[] = [],
): BoundStatement<Row> => ({ ...statement, values });

/** A columnar statement about one line. */
export const bindLine = <Row extends QueryResultRow = QueryResultRow>(
  statement: ColumnarStatement,
  line: readonly unknown[],
): BoundStatement<Row> => ({ ...statement, values: line.map((value) => [value]) });

/** Sends `statement` as a prepared statement on the transaction's client. int8 columns arrive as BigInt. */
export function namedStatement<Row extends QueryResultRow = QueryResultRow>(
  client: TransactionClient,
  statement: NamedStatement,
  values: readonly unknown[] = [],
): Promise<QueryResult<Row>> {
  return client.query<Row>({ name: statement.name, text: statement.text, values: [...values] });
}

/** The same of a statement that has its values. */
export const boundStatement = <Row extends QueryResultRow = QueryResultRow>(
  client: TransactionClient,
  statement: BoundStatement<Row>,
): Promise<QueryResult<Row>> => namedStatement<Row>(client, statement, statement.values);
