import { AsyncLocalStorage } from 'node:async_hooks';
import { context, propagation } from '@opentelemetry/api';

/** The header names of W3C Trace Context and W3C Baggage. */
const TRACE_HEADERS = ['traceparent', 'tracestate', 'baggage'] as const;

const TRACE_HEADER_NAMES: ReadonlySet<string> = new Set(TRACE_HEADERS);

export const isTraceHeader = (name: string): boolean => TRACE_HEADER_NAMES.has(name);

const storage = new AsyncLocalStorage<Readonly<Record<string, string>>>();

/**
 * Headers that carry the current trace on to a message, or to an outbox row. With an OpenTelemetry SDK they are those
 * of the active span. Without an SDK they are the trace headers of the message that is being handled, so that the trace
 * goes on.
 */
export function currentTraceHeaders(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier['traceparent'] === undefined ? { ...storage.getStore() } : carrier;
}

/** Runs `work` in the trace of a message's headers. Without trace headers, `work` runs outside of any trace. */
export function runInTrace<T>(headers: Readonly<Record<string, string>>, work: () => T): T {
  let trace: Record<string, string> | undefined;
  for (const name of TRACE_HEADERS) {
    const value = headers[name];
    if (value !== undefined) (trace ??= {})[name] = value;
  }
  // As soon as an AsyncLocalStorage is used once, every promise of the process costs more. A process whose messages
  // have no trace headers does not pay this.
  if (trace === undefined) return storage.getStore() === undefined ? work() : storage.run({}, work);
  const carried = trace;
  return storage.run(carried, () => context.with(propagation.extract(context.active(), carried), work));
}
