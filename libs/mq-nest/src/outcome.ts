import { MessagingError } from './errors.js';

/*
 * The outcomes of a handler:
 *   return                      done: the offset of the message may be committed
 *   throw                       deliver again, later each time; after the last attempt the message goes to %DLQ%<group>
 *   throw RetryMessageError     deliver again, after a delay that the handler chooses
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
const MESSAGE_CHARACTERS_MAX = 1000;
const STACK_LINES_MAX = 20;
const STACK_CHARACTERS_MAX = 4000;

export function describeFailure(error: unknown, group: string, now: Date): FailureReason {
  const failedAt = now.toISOString();
  if (error instanceof Error) {
    return {
      errorClass: error.constructor.name === 'Error' ? error.name : error.constructor.name,
      message: clean(error.message, MESSAGE_CHARACTERS_MAX),
      stack: clean(firstLines(stackWithCauses(error), STACK_LINES_MAX), STACK_CHARACTERS_MAX),
      group,
      failedAt,
    };
  }
  return {
    errorClass: typeof error,
    message: clean(printable(error), MESSAGE_CHARACTERS_MAX),
    stack: '',
    group,
    failedAt,
  };
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

function stackWithCauses(error: Error): string {
  const own = error.stack ?? '';
  return error.cause instanceof Error
    ? `${firstLines(own, STACK_LINES_MAX / 2)}\nCaused by: ${stackWithCauses(error.cause)}`
    : own;
}

function firstLines(text: string, count: number): string {
  return text.split('\n').slice(0, count).join('\n');
}

/** Shortens the text and replaces the two characters that separate properties on the wire. */
function clean(text: string, charactersMax: number): string {
  return text.replaceAll('\u0001', ' ').replaceAll('\u0002', ' ').slice(0, charactersMax);
}

function printable(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
