import { RpcException } from '@nestjs/microservices';
import type { PublishStatus } from './rocketmq-message.js';

/**
 * Base of everything this library throws. It is an RpcException whose payload is the error itself: Nest's default filter
 * replaces any other error by "Internal server error", and the class, the message and the stack would be lost to the DLQ.
 */
export abstract class MessagingError extends RpcException {
  abstract readonly code: string;
  /** Whether doing the same again later can succeed. */
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message);
    this.name = new.target.name;
    if (options?.cause !== undefined) this.cause = options.cause;
  }

  override getError(): object {
    return this;
  }
}

/** Thrown when options or handlers cannot work. Names every problem at once. */
export class MessagingConfigurationError extends MessagingError {
  readonly code = 'MESSAGING_CONFIGURATION';
  readonly retriable = false;

  constructor(readonly problems: readonly string[]) {
    super(`RocketMQ transport is not configured right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Thrown when a message can never be sent as it is: a bad name, a reserved header, a payload that is not JSON, a delay beyond the ladder. */
export class InvalidMessageError extends MessagingError {
  readonly code = 'INVALID_MESSAGE';
  readonly retriable = false;
}

/**
 * Thrown when the broker did not answer SEND_OK. The message may or may not be stored: whoever sends again makes a duplicate
 * possible, whoever does not makes a loss possible. An outbox sends again.
 */
export class PublishNotConfirmedError extends MessagingError {
  readonly code = 'PUBLISH_NOT_CONFIRMED';
  readonly retriable = true;

  constructor(
    readonly topic: string,
    /** The broker's status, or SEND_FAILED where there was no answer or a refusal; then `cause` says more. */
    readonly status: PublishStatus,
    options?: { cause?: unknown },
  ) {
    super(`message to ${topic} is not confirmed: ${status}${describeCause(options?.cause)}`, options);
  }
}

/** Thrown when one or more of several messages were not confirmed. `outcomes` stands in the order of the messages. */
export class PublishAllNotConfirmedError extends MessagingError {
  readonly code = 'PUBLISH_ALL_NOT_CONFIRMED';
  readonly retriable: boolean;

  constructor(readonly outcomes: readonly PromiseSettledResult<unknown>[]) {
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    super(`${reasons.length} of ${outcomes.length} messages are not confirmed${describeCause(reasons[0])}`, {
      cause: reasons[0],
    });
    this.retriable = reasons.every((reason) => reason instanceof MessagingError && reason.retriable);
  }
}

/** Thrown when `ClientProxy.send` is called: this transport carries events, a request that needs an answer goes over RPC. */
export class RequestReplyUnsupportedError extends MessagingError {
  readonly code = 'REQUEST_REPLY_UNSUPPORTED';
  readonly retriable = false;

  constructor(pattern: string) {
    super(`send('${pattern}') waits for an answer, which this transport does not carry: use emit('${pattern}')`);
  }
}

/** Thrown when the body of a delivery is not what its content type says. It walks the retry ladder to the DLQ. */
export class UnreadablePayloadError extends MessagingError {
  readonly code = 'UNREADABLE_PAYLOAD';
  readonly retriable = false;
}

/** Thrown when a delivery finds no handler, as after a handler was taken away while its messages were on the retry ladder. */
export class NoHandlerError extends MessagingError {
  readonly code = 'NO_HANDLER';
  readonly retriable = false;
}

/** Thrown when the transport is asked for something before it was started, after it was closed, or without a broker to be had. */
export class NotConnectedError extends MessagingError {
  readonly code = 'NOT_CONNECTED';
  readonly retriable = true;
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : '';
}
