import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../logging/create-logger.js';
import type { Metrics } from '../health/metrics.js';
import type { Readiness } from '../health/readiness.js';
import { continueTrace, runWithTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';

/** The router leaves the matched route on the request. */
interface RoutedRequest extends IncomingMessage {
  readonly route?: { readonly path?: string };
}

/** Probed every few seconds by machines: counted, but logged at debug only. */
const QUIET = /^\/(health|metrics)\b/;

/**
 * Opens the trace of a request, and when it is over writes one log line and one observation.
 * The line names method, route template, status and duration; no query, header or body, where secrets would be.
 */
export function createRequestMiddleware(logger: Logger, metrics: Metrics, readiness: Readiness) {
  const durations = metrics.histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer HTTP requests by route template',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return (request: RoutedRequest, response: ServerResponse, next: () => void): void => {
    const { method = '' } = request;
    const startedAt = performance.now();
    const trace = continueTrace(request.headers[TRACEPARENT_HEADER]);
    response.once('close', () => {
      // A connection that was busy when the server closed would be kept alive, and the process with it.
      if (readiness.draining) request.socket.end();
      const durationMs = performance.now() - startedAt;
      const route = routeOf(request);
      const status = response.writableFinished ? response.statusCode : 499;
      durations.observe({ method, route, status }, durationMs / 1000);
      const fields = {
        method,
        route,
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        traceId: trace.traceId,
      };
      if (QUIET.test(route)) logger.debug(fields, 'request');
      else logger.info(fields, 'request');
    });
    runWithTrace(trace, next);
  };
}

/** The template, not the path: a path has ids in it, which would make a time series of every order. */
function routeOf({ route }: RoutedRequest): string {
  return route?.path ?? '(none)';
}
