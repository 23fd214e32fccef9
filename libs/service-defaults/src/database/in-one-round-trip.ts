import type { Pool, PoolClient } from 'pg';
import { StatementRefusedError, StatementsNotSentError, TransactionOutcomeUnknownError } from '../errors.js';
import { borrowClient } from './borrow-client.js';
import { isAnsweredByServer } from './outcome.js';
import { REFUSED } from './refuse.js';
import type { BoundStatement, StatementResult } from './statement.js';
import { StatementBatch } from './statement-batch.js';

/** One result a statement, in their order. */
export type ResultsOf<Statements extends readonly BoundStatement[]> = {
  -readonly [Index in keyof Statements]: Statements[Index] extends BoundStatement<infer Row>
    ? StatementResult<Row>
    : never;
};

/**
 * Runs `statements` as one READ COMMITTED transaction that costs one round trip: all of them take effect, or none. Each sees what
 * the ones before it did and what others have committed when it begins. For transactions in which no statement needs a
 * result of an earlier one; one that must not go on says so with `refuse_unless` or breaks a constraint.
 * @throws {StatementRefusedError} when `refuse_unless` said no; everything is rolled back
 * @throws {StatementsNotSentError} when it did not happen, since they never left in full
 * @throws {TransactionOutcomeUnknownError} when the connection broke before the answer
 */
export async function inOneRoundTrip<const Statements extends readonly BoundStatement[]>(
  pool: Pool,
  statements: Statements,
): Promise<ResultsOf<Statements>> {
  const results = await borrowClient(pool, (client) => runIn(client, statements));
  return results as ResultsOf<Statements>;
}

async function runIn(client: PoolClient, statements: readonly BoundStatement[]): Promise<StatementResult[]> {
  let batch: StatementBatch | undefined;
  try {
    const results = await new Promise<StatementResult[]>((resolve, reject) => {
      batch = new StatementBatch(client, statements, (error, all) => (error ? reject(error) : resolve(all)));
      client.query(batch);
    });
    client.release();
    return results;
  } catch (error) {
    const isAnswered = isAnsweredByServer(error);
    client.release(!isAnswered);
    if (isAnswered) throw isRefusal(error) ? new StatementRefusedError(error.message) : error;
    if (!batch?.isSent) throw new StatementsNotSentError('the statements were not sent', { cause: error });
    throw new TransactionOutcomeUnknownError('the connection broke before the answer', { cause: error });
  }
}

const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === REFUSED;
