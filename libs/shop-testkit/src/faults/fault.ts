/**
 * A fault as data, so that it can be ordered from another process. Its text is looked for in each piece of bytes that
 * arrives, which is a whole request where requests are as small as the shop's calls:
 *   holdRequest     requests with this text wait, and never arrive: the heal resets their connections
 *   loseAnswersTo   from the moment that a request with this text has passed, answers are swallowed on every connection
 */
export type Fault = { readonly holdRequest: string } | { readonly loseAnswersTo: string };

/** Where faults are made on the way to one server; the same whether its proxy runs in this process or in another. */
export interface FaultPoint {
  /** In place of the fault before, which is healed. Connections that are open feel it too. */
  make(fault: Fault): Promise<void>;
  /** Whether a request was held, or an answer was lost, since {@link make}. */
  hasHappened(): Promise<boolean>;
  /** Everything passes again. */
  heal(): Promise<void>;
}

/** Thrown when what was sent in place of a fault is none. */
export class BadFaultError extends Error {
  override readonly name = 'BadFaultError';
  readonly code = 'BAD_FAULT';
}

const KINDS: readonly string[] = ['holdRequest', 'loseAnswersTo'];

/** @throws {BadFaultError} */
export function readFault(json: string): Fault {
  const fault = parse(json);
  const [[kind, text] = [], ...others] = typeof fault === 'object' && fault !== null ? Object.entries(fault) : [];
  if (kind === undefined || others.length > 0 || !KINDS.includes(kind))
    throw new BadFaultError(`a fault is an object with one field, which is ${KINDS.join(' or ')}`);
  // Every request contains the empty text, which nobody means.
  if (typeof text !== 'string' || text === '') throw new BadFaultError(`${kind} must be a text that is not empty`);
  return fault as Fault;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new BadFaultError('a fault is sent as JSON');
  }
}
