import { PgError } from './errors.js';

/**
 * SQLSTATEs of a server that cannot serve now, or that ended the session: by the first characters of the code. 08 connection
 * exception, 53 insufficient resources, 57P shutdown or start, 57014 the statement's time-out,
 * 25006 a standby, or a server that lets nobody write, 25P03 and 25P04 a transaction
 * that stood open for too long, 40001 and 40P01 a race that PostgreSQL ended.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQLSTATES = ['08', '53', '57P', '57014', '25006', '25P03', '25P04', '40001', '40P01'];

/** What the operating system and Node answer for a server that cannot be reached. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg's own errors have no code. unavailable.spec.ts fails when pg changes them. */
const MESSAGES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
];

/**
 * True when the database could not serve the call, so that the same call may succeed in a moment: the connection is refused or
 * broken, the server starts or stops, has no connection free, gives no answer, or did not grant a lock in time. False for
 * whatever the caller did wrong. Errors that carry the database's error are looked through (`cause`, TypeORM's `driverError`).
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof PgError) return error.retriable;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isUnavailable);
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') {
    if (SYSTEM_CODES.has(code) || SQLSTATES.some((start) => code.startsWith(start))) return true;
  }
  if (MESSAGES.some((message) => error.message.startsWith(message))) return true;
  const { driverError } = error as { readonly driverError?: unknown };
  return isUnavailable(driverError ?? error.cause);
}
