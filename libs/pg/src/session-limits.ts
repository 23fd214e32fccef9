import { Socket } from 'node:net';
import type { ClientConfig } from 'pg';
import { checkDurations } from './durations.js';
import type { LimitRule } from './durations.js';
import { SilentServerError } from './errors.js';

export interface SessionLimits {
  /** The server ends a statement that runs longer: its caller has given up long ago. @default 15000 */
  readonly statementTimeoutMs?: number | undefined;
  /**
   * The server ends a session whose transaction is open without a statement: its process is frozen or gone, and others wait for
   * the rows that it has locked. @default 5000
   */
  readonly idleInTransactionTimeoutMs?: number | undefined;
  /** Longest wait for a connection, whether the server is slow or the pool has none free. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * A connection on which nothing arrives for this long is given up: the server is frozen, or gone without a word. Longer than
   * `statementTimeoutMs`, since a server that works answers by then. @default 20000
   */
  readonly silenceTimeoutMs?: number | undefined;
}

/*
 * The server's side of a client that vanished without a word. It probes after 10 s of silence, three times, and gives up what the
 * client does not acknowledge in 20 s. Without these a session, and the locks it holds, can outlive its client by two hours.
 */
const OF_THE_SERVER = [
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=20000',
];
const KEEP_ALIVE_DELAY_MS = 10_000;

const SILENCE_IS_LONGEST: LimitRule = {
  field: 'silenceTimeoutMs',
  longerThan: ['statementTimeoutMs'],
  reason: 'a server that runs a statement says nothing until its end',
};

/**
 * The limits of every session, for pools and for clients alone, so that nobody waits for ever: not this process for a server
 * that is frozen or gone, nor the server for this process.
 *
 * The socket has the limit of silence, and not each query: a timer of the socket costs nothing, and it covers whatever runs on
 * the connection, however it is sent. pg's own `query_timeout` would leave the connection in the pool with the query under way.
 * @param settings further ones for the session, as name=value
 * @throws {InvalidLimitsError}
 */
export function limitedSession(limits: SessionLimits, settings: readonly string[] = []): ClientConfig {
  const { statementTimeoutMs = 15_000, idleInTransactionTimeoutMs = 5_000, connectTimeoutMs = 5_000 } = limits;
  const { silenceTimeoutMs = 20_000 } = limits;
  const given = { statementTimeoutMs, idleInTransactionTimeoutMs, connectTimeoutMs, silenceTimeoutMs };
  checkDurations(given, [SILENCE_IS_LONGEST]);
  return {
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    options: [...OF_THE_SERVER, ...settings].map((setting) => `-c ${setting}`).join(' '),
    stream: () => socketThatGivesUp(silenceTimeoutMs),
  };
}

/** Idle connections of a pool are closed long before, by the pool. */
function socketThatGivesUp(silenceTimeoutMs: number): Socket {
  const socket = new Socket();
  return socket.setTimeout(silenceTimeoutMs, () => socket.destroy(new SilentServerError(silenceTimeoutMs)));
}
