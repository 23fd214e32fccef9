import { MessagingError } from './errors.js';

/*
 * What a handler can say, and nothing else:
 *   return                      done; the offset may move on
 *   throw                       deliver again: up the retry ladder, and after the last attempt to %DLQ%<group>
 *   throw RetryMessageError     the same, at a delay of the handler's choosing
 *   throw DiscardMessageError   done and recorded: logged, counted, told to the hook; never delivered again
 */

/** Thrown when a message must be dropped knowingly, for example a paid message of an order that was cancelled before. */
export class DiscardMessageError extends MessagingError {
  readonly code = 'DISCARD_MESSAGE';
  readonly retriable = false;
}

/** Thrown when a message must be delivered again, for example a timer that came early. Any other error means the same without a delay of choice. */
export class RetryMessageError extends MessagingError {
  readonly code = 'RETRY_MESSAGE';
  readonly retriable = true;
  /** Real milliseconds, rounded up to the next level of the ladder; undefined: the ladder goes on where it stands. */
  readonly delayMs: number | undefined;

  constructor(message: string, options?: { delayMs?: number; cause?: unknown }) {
    super(message, options);
    this.delayMs = options?.delayMs;
  }
}

/** Why a delivery did not succeed. Travels as properties of the retried message and of what lies in the DLQ. */
export interface FailureReason {
  /** Class of the error, for example `PaymentRefusedError`. */
  readonly errorClass: string;
  readonly message: string;
  /** The first lines of the stack. */
  readonly stack: string;
  readonly group: string;
  /** RFC 3339, UTC. */
  readonly failedAt: string;
}

/** Names of the properties. Lower case, so that they can never meet one of RocketMQ's own. */
export const FailureProperty = {
  errorClass: 'failure-class',
  message: 'failure-message',
  stack: 'failure-stack',
  group: 'failure-group',
  failedAt: 'failure-at',
} as const;

// All properties of a message share 32,767 bytes; a reason must never be what makes a retry too large.
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
    // An empty value cannot be written: readers of the properties string skip it.
    if (reason[field] !== '') properties[name] = reason[field];
  return properties;
}

/** The reason kept by the previous attempt; undefined where there was none. */
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

/** Cuts, and removes the two characters that separate properties on the wire. */
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
