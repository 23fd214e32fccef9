import type { Pool, PoolClient } from 'pg';
import { borrowClient } from '../borrow-client.js';
import { lockTimeoutMs } from '../deadline.js';
import type { LockWait } from '../deadline.js';
import { StatementsNotSentError, TransactionOutcomeUnknownError } from '../errors.js';
import { isAnsweredByServer, typedError } from '../outcome.js';
import { bind } from '../statement.js';
import type { BoundStatement, ResultsOf, StatementResult } from '../statement.js';
import { PipelineQuery } from './pipeline-query.js';
import { isStalePlan } from './prepared-statements.js';

export interface PipelineOptions extends LockWait {
  /**
   * Longest wait for the answer, in milliseconds. A server that is frozen, or gone without a word, ends no statement; the
   * connection is given up then. @default 20000, longer than the services' statement_timeout
   */
  readonly answerTimeoutMs?: number;
}

const ANSWER_TIMEOUT_MS = 20_000;

const SET_LOCK_TIMEOUT = { name: 'pg-set-lock-timeout', text: `SELECT set_config('lock_timeout', $1, true)` };

/**
 * Runs `statements` as one READ COMMITTED transaction in one round trip: all of them take effect, or none. Each statement sees
 * what the statements before it did, and what others have committed when it begins. For transactions in which no statement
 * needs the result of an earlier one. A statement that must end the transaction refuses with `refuse_unless`, or breaks a
 * constraint. The statements are planned anew each time, as those of a plain transaction are: see {@link run}.
 * @throws {StatementRefusedError} when a statement refused
 * @throws {LockTimeoutError} when a lock was not granted before the deadline
 * @throws {StatementsNotSentError} when nothing was sent
 * @throws {TransactionOutcomeUnknownError} when the connection broke before the answer, or the answer did not come in time
 */
export function pipeline<const Statements extends readonly BoundStatement[]>(
  pool: Pool,
  statements: Statements,
  options: PipelineOptions = {},
): Promise<ResultsOf<Statements>> {
  const unnamed = statements.map((statement) => ({ ...statement, name: '' }));
  return preparedPipeline(pool, unnamed, options) as Promise<ResultsOf<Statements>>;
}

/** The same with prepared statements, on a pool whose sessions make plans that stay right: see `batcher/batch-pools.ts`. */
export async function preparedPipeline(
  pool: Pool,
  statements: readonly BoundStatement[],
  { deadline, lockWaitMaxMs, answerTimeoutMs = ANSWER_TIMEOUT_MS }: PipelineOptions = {},
): Promise<StatementResult[]> {
  return borrowClient(pool, async (client) => {
    if (deadline === undefined) return runIn(client, statements, answerTimeoutMs);
    // Reckoned now that there is a connection: the wait for it counts against the deadline, and not against the lock wait.
    const limit = bind(SET_LOCK_TIMEOUT, [`${lockTimeoutMs(deadline, lockWaitMaxMs)}`]);
    const results = await runIn(client, [limit, ...statements], answerTimeoutMs);
    return results.slice(1);
  });
}

async function runIn(
  client: PoolClient,
  statements: readonly BoundStatement[],
  answerTimeoutMs: number,
): Promise<StatementResult[]> {
  const sent: { query?: PipelineQuery } = {};
  const send = (): Promise<StatementResult[]> => {
    let timer: NodeJS.Timeout | undefined;
    return new Promise<StatementResult[]>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${answerTimeoutMs} ms`)), answerTimeoutMs);
      sent.query = new PipelineQuery(client, statements, (error, all) => (error ? reject(error) : resolve(all)));
      client.query(sent.query);
    }).finally(() => clearTimeout(timer));
  };
  try {
    // All of it was rolled back where a plan is stale, so that it can go again at once.
    const results = await send().catch((error: unknown) => {
      if (!isStalePlan(error)) throw error;
      return send();
    });
    client.release();
    return results;
  } catch (error) {
    const isAnswered = isAnsweredByServer(error);
    client.release(!isAnswered);
    if (isAnswered) throw typedError(error);
    if (!sent.query?.isSent) throw new StatementsNotSentError('the statements were not sent', { cause: error });
    throw new TransactionOutcomeUnknownError('the connection broke before the answer', { cause: error });
  }
}
