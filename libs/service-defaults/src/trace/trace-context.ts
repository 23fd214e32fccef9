import { AsyncLocalStorage } from 'node:async_hooks';
import { randomHex } from './random-hex.js';

/** W3C Trace Context (level 1): what of it a service carries from request to RPC calls and messages. */
export interface TraceContext {
  /** 32 lowercase hex digits, the same for everything one request causes. */
  readonly traceId: string;
  /** `00-<traceId>-<parentId>-<flags>`, ready to be sent on. */
  readonly traceparent: string;
}

export const TRACEPARENT_HEADER = 'traceparent';

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

const storage = new AsyncLocalStorage<TraceContext>();

/** The trace of the request, call or message being handled; undefined outside of one. */
export const currentTrace = (): TraceContext | undefined => storage.getStore();

/** Continues the caller's trace under a new parent id, or begins one where the header is missing or malformed. */
export function continueTrace(traceparent: unknown): TraceContext {
  const isValid = typeof traceparent === 'string' && TRACEPARENT.test(traceparent);
  // The positions are fixed by the header's form.
  const traceId = isValid ? traceparent.slice(3, 35) : randomHex(16);
  const flags = isValid ? traceparent.slice(53, 55) : '01';
  return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${flags}` };
}

export const runWithTrace = <T>(trace: TraceContext, work: () => T): T => storage.run(trace, work);

/** Headers for messages and outbox rows: `{ traceparent }`, or nothing outside of a trace. */
export function traceHeaders(): Record<string, string> {
  const trace = storage.getStore();
  return trace ? { [TRACEPARENT_HEADER]: trace.traceparent } : {};
}
