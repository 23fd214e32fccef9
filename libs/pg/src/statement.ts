import type { ClientBase, Pool, QueryResultRow } from 'pg';

/** Runs statements one by one: the client of a transaction, or a pool for a statement outside of one. */
export type PgClient = Pick<ClientBase, 'query'> | Pick<Pool, 'query'>;

/** Anything that runs SQL without values: a TypeORM QueryRunner, a client or a pool. For migrations. */
export interface SqlRunner {
  query(sql: string, values?: unknown[]): Promise<unknown>;
}

/** SQL under a name. The name is unique in a service, and its text never changes: connections keep the prepared statement. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /**
   * Each parameter is a column: an array with one value for each line, which `unnest` turns into rows. The batcher then
   * executes the statement once for many requests, with longer columns: see `mergeStatements`. A row that the statement
   * returns tells its line by the int column `line` (`WITH ORDINALITY`, from 1).
   */
  readonly columnar?: true;
}

/** A {@link Statement} whose parameters are columns. */
export interface ColumnarStatement extends Statement {
  readonly columnar: true;
}

/** A statement with its values. `row` is never set: it tells the compiler the type of the rows. */
export interface BoundStatement<Row extends QueryResultRow = QueryResultRow> extends Statement {
  readonly values: readonly unknown[];
  readonly row?: Row;
}

export interface StatementResult<Row extends QueryResultRow = QueryResultRow> {
  readonly rows: Row[];
  /** Rows that were read or changed. */
  readonly rowCount: number;
}

/** One result for each statement, in the order of the statements. */
export type ResultsOf<Statements extends readonly BoundStatement[]> = {
  -readonly [Index in keyof Statements]: Statements[Index] extends BoundStatement<infer Row>
    ? StatementResult<Row>
    : never;
};

/** @param values of a columnar statement: its columns */
export const bind = <Row extends QueryResultRow = QueryResultRow>(
  statement: Statement,
  values: readonly unknown[] = [],
): BoundStatement<Row> => ({ ...statement, values });

/** Binds a columnar statement to one line. */
export const bindLine = <Row extends QueryResultRow = QueryResultRow>(
  statement: ColumnarStatement,
  line: readonly unknown[],
): BoundStatement<Row> => ({ ...statement, values: line.map((value) => [value]) });

/**
 * Runs one statement with the client of a transaction, or with a pool. The statement is planned anew each time, since a plan
 * that a session keeps from the days of a small table reads a large one whole. Columns of type int8 arrive as BigInt where
 * the pool has `bigintTypes`.
 */
export async function run<Row extends QueryResultRow = QueryResultRow>(
  client: PgClient,
  { text, values }: Pick<BoundStatement<Row>, 'text' | 'values' | 'row'>,
): Promise<StatementResult<Row>> {
  const { rows, rowCount } = await client.query<Row>({ text, values: [...values] });
  return { rows, rowCount: rowCount ?? 0 };
}

/** Runs a list of statements one after the other in the caller's transaction: the list that a pipeline or a batcher takes. */
export async function runAll<const Statements extends readonly BoundStatement[]>(
  client: PgClient,
  statements: Statements,
): Promise<ResultsOf<Statements>> {
  const results: StatementResult[] = [];
  for (const statement of statements) results.push(await run(client, statement));
  return results as ResultsOf<Statements>;
}
