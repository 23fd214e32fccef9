import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** The part of W3C Trace Context (level 1) that a service passes from a request to its RPC calls and messages. */
export interface TraceContext {
  /** 32 lowercase hex digits, the same for everything that one request causes. */
  readonly traceId: string;
  /** `00-<traceId>-<parentId>-<flags>`, the header for the next call or message. */
  readonly traceparent: string;
}

export const TRACEPARENT_HEADER = 'traceparent';

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

const storage = new AsyncLocalStorage<TraceContext>();

/** The trace of the current request, call or message; undefined outside of one. */
export const currentTrace = (): TraceContext | undefined => storage.getStore();

/** Continues the caller's trace under a new parent id, or begins a trace if the header is missing or malformed. */
export function continueTrace(traceparent: unknown): TraceContext {
  const isValid = typeof traceparent === 'string' && TRACEPARENT.test(traceparent);
  // The form of the header fixes these positions.
  const traceId = isValid ? traceparent.slice(3, 35) : randomHex();
  const flags = isValid ? traceparent.slice(53, 55) : '01';
  return { traceId, traceparent: `00-${traceId}-${randomHex().slice(-16)}-${flags}` };
}

export const runWithTrace = <T>(trace: TraceContext, work: () => T): T => storage.run(trace, work);

/** Headers for messages and outbox rows: `{ traceparent }`, or no header outside of a trace. */
export function traceHeaders(): Record<string, string> {
  const trace = storage.getStore();
  return trace ? { [TRACEPARENT_HEADER]: trace.traceparent } : {};
}

/** 32 hex digits of a UUID: Node draws random bytes for many UUIDs at once, so one costs about a microsecond. */
const randomHex = (): string => randomUUID().replaceAll('-', '');
