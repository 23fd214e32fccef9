import { ResponseCode } from '@rocketshop/mq-protocol';
import { BrokerRefusedError, ClientError, ConnectionError, RequestTimeoutError } from '../client-error.js';

/** DefaultMQProducer's retryResponseCodes: another broker, or the same one later, may take the message. */
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

/** Pause before an attempt on a broker that has just failed never grows beyond this. */
export const RETRY_BACKOFF_MAX_MS = 500;

export interface AttemptState {
  /** Attempts whose request left this machine. */
  transmitted: number;
  /** All attempts, with those that found no connection. */
  attempts: number;
  attemptsMax: number;
  remainingMs: number;
  otherBrokerAvailable: boolean;
  backoffMs: number;
}

/**
 * Milliseconds to wait before the next attempt, or undefined when the send has failed. A broker that could not even be
 * reached costs no attempt: nothing can have been stored, so the send goes on looking until its time is up.
 */
export function delayBeforeRetry(error: Error, state: AttemptState): number | undefined {
  const unreached = error instanceof ConnectionError && state.transmitted === 0;
  if (!unreached && state.attempts >= state.attemptsMax) return undefined;
  if (!isRetriable(error)) return undefined;
  const doublings = Math.min(state.attempts - 1, 10);
  const delayMs = state.otherBrokerAvailable ? 0 : Math.min(RETRY_BACKOFF_MAX_MS, state.backoffMs * 2 ** doublings);
  return delayMs < state.remainingMs ? delayMs : undefined;
}

function isRetriable(error: Error): boolean {
  if (error instanceof BrokerRefusedError || error instanceof ConnectionError) return error.retriable;
  return error instanceof RequestTimeoutError || (error instanceof ClientError && error.code === 'BROKER_NOT_FOUND');
}
