import { RpcException } from '@nestjs/microservices';
import { isThrown, messageOf } from '@rocketshop/mq-client';
import type { PublishStatus } from './rocketmq-message.js';

/**
 * Base of all errors of this library. It is an RpcException whose payload is the error itself, because Nest's default
 * filter replaces any other error by "Internal server error": the DLQ would not show the class, message and stack.
 */
export abstract class MessagingError extends RpcException {
  abstract readonly code: string;
  /** Whether the same call may succeed later. */
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

/** Thrown when the options or the handlers cannot work. It names every problem. */
export class MessagingConfigurationError extends MessagingError {
  readonly code = 'MESSAGING_CONFIGURATION';
  readonly retriable = false;

  constructor(readonly problems: readonly string[]) {
    super(`the RocketMQ transport cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/**
 * Thrown when sending the same message again cannot succeed: a wrong name, a reserved header, a payload that is not
 * JSON, or a delay beyond the last level.
 */
export class InvalidMessageError extends MessagingError {
  readonly code = 'INVALID_MESSAGE';
  readonly retriable = false;
}

/**
 * Thrown when the broker did not answer SEND_OK. The message may be stored or not. A caller that sends again may create
 * a duplicate; a caller that does not may lose the message. An outbox sends again.
 */
export class PublishNotConfirmedError extends MessagingError {
  readonly code = 'PUBLISH_NOT_CONFIRMED';
  readonly retriable = true;

  constructor(
    readonly topic: string,
    /** The broker's status. SEND_FAILED: the broker refused the message or did not answer; `cause` says more. */
    readonly status: PublishStatus,
    options?: { cause?: unknown },
  ) {
    super(`message to ${topic} is not confirmed: ${status}${describeCause(options?.cause)}`, options);
  }
}

/** Thrown when some of several messages were not confirmed. `outcomes` has the order of the messages. */
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

/**
 * Thrown when `ClientProxy.send` is called. This transport carries events only; a request that needs an answer is an
 * RPC.
 */
export class RequestReplyUnsupportedError extends MessagingError {
  readonly code = 'REQUEST_REPLY_UNSUPPORTED';
  readonly retriable = false;

  constructor(pattern: string) {
    super(`send('${pattern}') waits for an answer, but this transport carries no answers: use emit('${pattern}')`);
  }
}

/**
 * Thrown when the body of a message is not what its content type says. The message goes to the DLQ at once, because the
 * same bytes cannot be read at a later delivery either.
 */
export class UnreadablePayloadError extends MessagingError {
  readonly code = 'UNREADABLE_PAYLOAD';
  readonly retriable = false;
  readonly deadLetterAtOnce = true;
}

/** Why a message was refused: its MAC is missing, is no MAC, names a key unknown here, or is another message's. */
const REFUSAL_REASONS = ['MAC_MISSING', 'MAC_MALFORMED', 'MAC_KEY_UNKNOWN', 'MAC_WRONG', 'SENDER_NOT_ALLOWED'] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/**
 * Thrown when a message does not prove that it comes from one of the allowed senders. It reaches no handler and goes to
 * the DLQ at once.
 */
export class MessageRefusedError extends MessagingError {
  readonly code = 'MESSAGE_REFUSED';
  readonly retriable = false;
  readonly deadLetterAtOnce = true;

  constructor(
    readonly reason: RefusalReason,
    message: string,
  ) {
    super(`${reason}: ${message}`);
  }
}

/**
 * Thrown when a delivery has no handler, for example when a handler was removed while its messages waited for
 * redelivery. A later delivery may come to a replica that has the handler.
 */
export class NoHandlerError extends MessagingError {
  readonly code = 'NO_HANDLER';
  readonly retriable = true;
}

/** Thrown when the transport is used before its start or after its end, or while no broker can be reached. */
export class NotConnectedError extends MessagingError {
  readonly code = 'NOT_CONNECTED';
  readonly retriable = true;
}

function describeCause(cause: unknown): string {
  return isThrown(cause, Error) ? `: ${messageOf(cause)}` : '';
}
