import { TransactionOutcomeUnknownError } from './errors.js';

/**
 * Runs `work` once more when the connection broke in its commit. The second run decides: it finds what the first one has committed,
 * and waits at the rows that the first one still holds. Only for work whose statements change nothing, or fail, the second time.
 * @param work gets the number of the attempt, 1 or 2
 * @throws {TransactionOutcomeUnknownError} when the second commit is not answered either
 */
export async function retryWhenUnknown<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  try {
    return await work(1);
  } catch (error) {
    if (!(error instanceof TransactionOutcomeUnknownError)) throw error;
    return work(2);
  }
}
