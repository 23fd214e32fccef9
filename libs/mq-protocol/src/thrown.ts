import { types } from 'node:util';

/** What is known of a thrown value. */
export interface ThrownDescription {
  /** The class of an error, for example `PaymentRefusedError`; else the type, for example `string`. */
  readonly errorClass: string;
  readonly message: string;
  /** The first lines of the stack, and those of the causes; empty where there is none. */
  readonly stack: string;
}

/** What stands in for a part whose getter or proxy throws. */
const UNREADABLE = 'cannot be read';
// A description goes into a property or a line of a log. Longer texts are cut before any work is done on them.
const TEXT_CHARACTERS_MAX = 10_000;
const STACK_LINES_MAX = 20;
/** Of a chain of causes. It may be circular, and it may be made longer and longer on purpose. */
const CAUSES_MAX = 5;
/** Values of an object that are written out. */
const JSON_VALUES_MAX = 100;

/**
 * `instanceof` for values that somebody else has thrown: it throws for a revoked proxy, and here the answer is false.
 */
export function isThrown<T>(thrown: unknown, type: abstract new (...parameters: never[]) => T): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/**
 * Describes any thrown value. Each part is read by itself, because anything may be thrown: a getter may throw, a message may be
 * no text, a proxy may be revoked, causes may be circular. It never throws, since a failure that cannot be described would
 * keep its message from going back to the broker.
 */
export function describeThrown(thrown: unknown): ThrownDescription {
  if (!isError(thrown)) return { errorClass: typeof thrown, message: textOf(() => thrown), stack: '' };
  return {
    errorClass: textOf(() => classOf(thrown)),
    message: textOf(() => thrown.message),
    stack: cut(stackWithCauses(thrown, 1)),
  };
}

/** The message of an error, or the text of another value. It never throws. */
export function messageOf(thrown: unknown): string {
  return textOf(() => (isError(thrown) ? thrown.message : thrown));
}

/** The error itself; a new one for any other thrown value. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOf(thrown), { cause: thrown });
}

function isError(thrown: unknown): thrown is Error {
  // An error of another realm, for example of a vm context, is no instance of this realm's class.
  return types.isNativeError(thrown) || isThrown(thrown, Error);
}

function textOf(read: () => unknown): string {
  try {
    return cut(printable(read()));
  } catch {
    return UNREADABLE;
  }
}

const cut = (text: string): string => text.slice(0, TEXT_CHARACTERS_MAX);

function classOf(error: Error): string {
  const named = read(() => (error.constructor as { name?: unknown } | undefined)?.name);
  if (typeof named === 'string' && named !== '' && named !== 'Error') return named;
  const own = read(() => error.name as unknown);
  return typeof own === 'string' && own !== '' ? own : 'Error';
}

function stackWithCauses(error: Error, depth: number): string {
  const own = read(() => error.stack as unknown);
  const text = typeof own === 'string' ? own.slice(0, TEXT_CHARACTERS_MAX) : '';
  const cause = read(() => error.cause);
  if (!isError(cause) || depth === CAUSES_MAX) return firstLines(text, STACK_LINES_MAX);
  const below = `${firstLines(text, STACK_LINES_MAX / 2)}\nCaused by: ${stackWithCauses(cause, depth + 1)}`;
  return firstLines(below, STACK_LINES_MAX);
}

function firstLines(text: string, count: number): string {
  return text.split('\n', count).join('\n');
}

function read<T>(part: () => T): T | undefined {
  try {
    return part();
  } catch {
    return undefined;
  }
}

function printable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const json = ArrayBuffer.isView(value) ? undefined : read(() => boundedJson(value));
  return json ?? Object.prototype.toString.call(value);
}

/** Throws where JSON does, and for an object with too many values. A value that was there before is not written again. */
function boundedJson(value: object): string | undefined {
  const seen = new Set<unknown>();
  let values = 0;
  return JSON.stringify(value, (_name, item: unknown) => {
    if ((values += 1) > JSON_VALUES_MAX) throw new RangeError('too many values');
    if (typeof item === 'string') return cut(item);
    if (typeof item !== 'object' || item === null) return typeof item === 'bigint' ? String(item) : item;
    if (seen.has(item)) return '[circular]';
    seen.add(item);
    return item;
  }) as string | undefined;
}
