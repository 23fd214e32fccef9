import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** The part of W3C Trace Context (level 1) that a service passes from a request to its RPC calls and messages. */
export interface TraceContext {
  /** 32 lowercase hex digits, the same for everything that one request causes. */
  readonly traceId: string;
  /** `00-<traceId>-<parentId>-<flags>`, the header for the next call or message. */
  readonly traceparent: string;
  /** The order that the work is about, as soon as it is known: every log line of the work names it. */
  orderId?: string;
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

/** Says which order the current request, call or message is about. */
export function aboutOrder(orderId: string): void {
  const trace = storage.getStore();
  if (trace) trace.orderId = orderId;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Takes the order from a field `orderId` of what has arrived. Other text is not taken: it would go into every log line. */
export function noteOrder(trace: TraceContext, ...arrived: readonly unknown[]): TraceContext {
  for (const data of arrived) {
    if (typeof data !== 'object' || data === null || !('orderId' in data)) continue;
    if (typeof data.orderId === 'string' && UUID.test(data.orderId)) trace.orderId = data.orderId;
  }
  return trace;
}

/** Headers for messages and outbox rows: `{ traceparent }`, or no header outside of a trace. */
export function traceHeaders(): Record<string, string> {
  const trace = storage.getStore();
  return trace ? { [TRACEPARENT_HEADER]: trace.traceparent } : {};
}

/** 32 hex digits of a UUID: Node draws random bytes for many UUIDs at once, so one costs about a microsecond. */
const randomHex = (): string => randomUUID().replaceAll('-', '');
