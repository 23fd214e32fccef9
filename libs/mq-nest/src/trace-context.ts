import { AsyncLocalStorage } from 'node:async_hooks';
import { context, propagation } from '@opentelemetry/api';

/** W3C Trace Context and Baggage; the names are those of their HTTP headers. */
const TRACE_HEADERS = ['traceparent', 'tracestate', 'baggage'] as const;

const incoming = new AsyncLocalStorage<Readonly<Record<string, string>>>();

/**
 * Headers that carry the current trace on to a message, or to an outbox row that becomes one. With an OpenTelemetry SDK it is
 * the active span's; without one, what the delivery being handled came with is passed on, so that a trace is not cut here.
 */
export function currentTraceHeaders(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier['traceparent'] === undefined ? { ...incoming.getStore() } : carrier;
}

/** Runs `work` in the trace that `headers` carry, if they do. */
export function runInTrace<T>(headers: Readonly<Record<string, string>>, work: () => T): T {
  let trace: Record<string, string> | undefined;
  for (const name of TRACE_HEADERS) {
    const value = headers[name];
    if (value !== undefined) (trace ??= {})[name] = value;
  }
  // The first run of an AsyncLocalStorage makes every promise of the process dearer: not for messages without a trace.
  if (trace === undefined) return incoming.getStore() === undefined ? work() : incoming.run({}, work);
  const carried = trace;
  return incoming.run(carried, () => context.with(propagation.extract(context.active(), carried), work));
}
