import { StatementRefusedError } from './errors.js';

const ATTEMPTS_MAX = 5;
const UNIQUE_VIOLATION = '23505';

export interface RetryOptions {
  /** A unique index whose violation means the same as a refusal: another request was faster. */
  readonly constraint?: string;
}

/**
 * For a use case that reads, decides, and writes: `work` does all three, and its statements refuse with `refuse_unless` where the
 * state is not the one that was read. Then somebody else has moved the state, and `work` runs again.
 * @param work gets the number of the attempt, from 1
 * @throws the last refusal, after five attempts
 */
export async function retryWhenRefused<T>(
  work: (attempt: number) => Promise<T>,
  { constraint }: RetryOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      const isRefused = error instanceof StatementRefusedError || (constraint && violates(error, constraint));
      if (!isRefused || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

const violates = (error: unknown, constraint: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === UNIQUE_VIOLATION &&
  'constraint' in error &&
  error.constraint === constraint;
