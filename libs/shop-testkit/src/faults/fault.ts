/**
 * A fault as data, so that another process can order it. The proxy searches each chunk for the text; the requests of the shop
 * are so small that a chunk is a whole request:
 *   holdRequest     a request with this text waits and never arrives: the heal resets its connection
 *   loseAnswersTo   when a request with this text has passed, the proxy drops the answers of every connection
 */
export type Fault = { readonly holdRequest: string } | { readonly loseAnswersTo: string };

/** Makes faults before one server. The proxy runs in this process or in another one. */
export interface FaultPoint {
  /** Makes a fault, on open connections too. It replaces the fault that was made before. */
  make(fault: Fault): Promise<void>;
  /** Says whether the proxy has held a request or dropped an answer since {@link make}. */
  hasHappened(): Promise<boolean>;
  /** Ends the fault: everything passes again. */
  heal(): Promise<void>;
}

/** Thrown when a text that should describe a fault does not. */
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
  // Every request contains the empty text, so an empty text is a mistake.
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
