import { describeThrown, isThrown } from '@rocketshop/mq-client';
import { MessagingError } from './errors.js';

/*
 * The outcomes of a handler:
 *   return                      done: the offset of the message may be committed
 *   throw                       deliver again, later each time; after the last attempt the message goes to %DLQ%<group>
 *   throw RetryMessageError     deliver again, after a delay that the handler chooses
 *   throw an error whose `deadLetterAtOnce` is true     to %DLQ%<group> at once, since a repeat cannot help
 *   throw DiscardMessageError   done, never delivered again; the discard is logged, counted and told to `onDiscard`
 */

/** Thrown when a handler drops a message on purpose, for example the payment of an order that is cancelled already. */
export class DiscardMessageError extends MessagingError {
  readonly code = 'DISCARD_MESSAGE';
  readonly retriable = false;
}

/**
 * Thrown when a message must be delivered again, for example a timer that came early. Any other error has the same
 * outcome; only this one chooses the delay.
 */
export class RetryMessageError extends MessagingError {
  readonly code = 'RETRY_MESSAGE';
  readonly retriable = true;
  /** Milliseconds, rounded up to the next delay level. Undefined: the level after that of the last redelivery. */
  readonly delayMs: number | undefined;

  constructor(message: string, options?: { delayMs?: number; cause?: unknown }) {
    super(message, options);
    this.delayMs = options?.delayMs;
  }
}

/** Why a delivery failed. The redelivered message has it in its properties, and so has the message in the DLQ. */
export interface FailureReason {
  /** The error's class, for example `PaymentRefusedError`. */
  readonly errorClass: string;
  readonly message: string;
  /** The first lines of the stack. */
  readonly stack: string;
  readonly group: string;
  /** RFC 3339, UTC. */
  readonly failedAt: string;
}

/** Names of the properties. They are in lower case, because all names that RocketMQ uses are in upper case. */
export const FailureProperty = {
  errorClass: 'failure-class',
  message: 'failure-message',
  stack: 'failure-stack',
  group: 'failure-group',
  failedAt: 'failure-at',
} as const;

// All properties of a message together have at most 32,767 bytes. A longer reason could make the redelivery too large
// to send.
const CLASS_CHARACTERS_MAX = 100;
const MESSAGE_CHARACTERS_MAX = 1000;
const STACK_CHARACTERS_MAX = 4000;

/** Says of any thrown value whether a further delivery of the same message cannot succeed. */
export function isDeadLetterAtOnce(error: unknown): boolean {
  try {
    return isThrown(error, Error) && (error as { deadLetterAtOnce?: unknown }).deadLetterAtOnce === true;
  } catch {
    return false;
  }
}

/** Describes any thrown value, within what a property may hold. It never throws: the message could not go back to the broker then. */
export function describeFailure(error: unknown, group: string, now: Date): FailureReason {
  const { errorClass, message, stack } = describeThrown(error);
  return {
    errorClass: clean(errorClass, CLASS_CHARACTERS_MAX),
    message: clean(message, MESSAGE_CHARACTERS_MAX),
    stack: clean(stack, STACK_CHARACTERS_MAX),
    group,
    failedAt: now.toISOString(),
  };
}

/** The delay that the handler chose with a RetryMessageError, ms. */
export function chosenDelayMs(error: unknown): number | undefined {
  if (!isThrown(error, RetryMessageError)) return undefined;
  try {
    return error.delayMs;
  } catch {
    return undefined;
  }
}

export function toFailureProperties(reason: FailureReason): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const [field, name] of Object.entries(FailureProperty) as [keyof FailureReason, string][])
    // An empty value is left out, because readers of the properties string skip it.
    if (reason[field] !== '') properties[name] = reason[field];
  return properties;
}

/** The reason of the delivery before this one; undefined when there was none. */
export function readFailureProperties(properties: Readonly<Record<string, string>>): FailureReason | undefined {
  const errorClass = properties[FailureProperty.errorClass];
  if (errorClass === undefined) return undefined;
  return {
    errorClass,
    message: properties[FailureProperty.message] ?? '',
    stack: properties[FailureProperty.stack] ?? '',
    group: properties[FailureProperty.group] ?? '',
    failedAt: properties[FailureProperty.failedAt] ?? '',
  };
}

// oxlint-disable-next-line no-control-regex -- these are what is to be replaced
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
const LONE_SURROGATES = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/**
 * Shortens the text, and replaces what a property or one of its readers cannot hold: U+0001 and U+0002 separate
 * properties on the wire, a database refuses U+0000, a terminal obeys the other control characters, and half of a
 * surrogate pair is no text.
 */
function clean(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replace(CONTROL_CHARACTERS, ' ').replace(LONE_SURROGATES, '\uFFFD');
}
