import pg from 'pg';
import { LockTimeoutError, StatementRefusedError } from './errors.js';
import { REFUSED } from './refuse.js';

/** SQLSTATE `lock_not_available`: `lock_timeout` ended the wait. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * True when the server itself refused the statement, so that the transaction is rolled back for certain. Such an answer is
 * a DatabaseError with a SQLSTATE (the code EPIPE of a socket has five characters too). The classes 08 and 57P are about the
 * connection and not about the statement.
 */
export function isAnsweredByServer(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const { code = '' } = error;
  return code !== '' && !code.startsWith('08') && !code.startsWith('57P');
}

/** @returns the error as this library's type, where this library has one for the server's answer; else the error itself */
export function typedError(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  if (error.code === REFUSED) return new StatementRefusedError(error.message);
  if (error.code === LOCK_NOT_AVAILABLE) {
    return new LockTimeoutError('a lock was not granted in time; nothing was changed', { cause: error });
  }
  return error;
}
