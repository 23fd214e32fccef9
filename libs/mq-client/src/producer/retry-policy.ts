import { ResponseCode } from '@rocketshop/mq-protocol';
import { BrokerRefusedError, ClientError, ConnectionError, RequestTimeoutError } from '../client-error.js';

/** DefaultMQProducer's retryResponseCodes: another broker, or the same one later, may store the message. */
const RETRIABLE_CODES: ReadonlySet<number> = new Set([
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.SYSTEM_ERROR,
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.NO_PERMISSION,
  ResponseCode.NO_BUYER_ID,
  ResponseCode.NOT_IN_CURRENT_UNIT,
  ResponseCode.GO_AWAY,
]);

export const isRetriableCode = (responseCode: number): boolean => RETRIABLE_CODES.has(responseCode);

/** The longest pause before the next attempt on a broker that has just failed. */
const RETRY_BACKOFF_MAX_MS = 500;

interface AttemptState {
  /** Attempts whose request was written to a connection. */
  transmitted: number;
  /** All attempts, also those without a connection. */
  attempts: number;
  attemptsMax: number;
  remainingMs: number;
  otherBrokerAvailable: boolean;
  backoffMs: number;
}

/**
 * Milliseconds to wait before the next attempt; undefined when the send has failed. While no request was written to any
 * connection, the number of attempts has no limit: the message cannot have been stored, so the send tries until its
 * time is up.
 */
export function delayBeforeRetry(error: Error, state: AttemptState): number | undefined {
  const neverWritten = error instanceof ConnectionError && state.transmitted === 0;
  if (!neverWritten && state.attempts >= state.attemptsMax) return undefined;
  if (!isRetriable(error)) return undefined;
  const doublings = Math.min(state.attempts - 1, 10);
  const delayMs = state.otherBrokerAvailable ? 0 : Math.min(RETRY_BACKOFF_MAX_MS, state.backoffMs * 2 ** doublings);
  return delayMs < state.remainingMs ? delayMs : undefined;
}

function isRetriable(error: Error): boolean {
  if (error instanceof BrokerRefusedError || error instanceof ConnectionError) return error.retriable;
  return error instanceof RequestTimeoutError || (error instanceof ClientError && error.code === 'BROKER_NOT_FOUND');
}
