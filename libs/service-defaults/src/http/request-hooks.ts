import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../health/metrics.js';
import type { HttpDrain } from '../lifecycle/http-drain.js';
import type { Logger } from '../logging/create-logger.js';
import { continueTrace, noteOrder, runWithTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';
import { plain, writeProblem } from './problem.filter.js';
import type { TraceContext } from '../trace/trace-context.js';

/** Probes call these routes every few seconds. Their requests are counted, but logged at debug only. */
const QUIET = /^\/(health|docs)\b/;

/** More are answered with 431. */
const HEADERS_MAX = 100;

interface TracedRequest extends FastifyRequest {
  trace?: TraceContext;
}

export interface RequestHooksOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly drain: HttpDrain;
  /** Set on every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Begins the trace of a request, and writes one log line and one observation when the request ends. The line names
 * method, route template, status and duration. It names no query, header or body, since these may contain secrets.
 */
export function addRequestHooks(fastify: FastifyInstance, options: RequestHooksOptions): void {
  const writeOutcome = createOutcomeWriter(options);
  fastify.decorateRequest('trace', undefined);
  fastify.addHook('onRequest', (request: TracedRequest, reply, done) => {
    const startedAt = performance.now();
    const trace = continueTrace(request.headers[TRACEPARENT_HEADER]);
    request.trace = trace;
    reply.headers(options.headers);
    reply.header('x-trace-id', trace.traceId);
    options.drain.began(request.raw, reply.raw);
    reply.raw.once('close', () => {
      options.drain.ended(request.raw, reply.raw);
      writeOutcome(request, reply, performance.now() - startedAt, trace);
    });
    if (request.raw.rawHeaders.length > 2 * HEADERS_MAX) writeProblem(reply, plain(431));
    else done();
  });
  // This runs after the body is read, because the events of the body run in the async context of the connection.
  fastify.addHook('preHandler', (request: TracedRequest, _reply, done) => {
    if (request.trace) runWithTrace(noteOrder(request.trace, request.params, request.body), done);
    else done();
  });
}

function createOutcomeWriter({ logger, metrics }: RequestHooksOptions) {
  const durations = metrics.histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer HTTP requests by route template',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return (request: FastifyRequest, { raw }: FastifyReply, durationMs: number, trace: TraceContext): void => {
    const { method } = request;
    // The route template, not the path: a path contains ids, and every order would become a time series of its own.
    const route = request.routeOptions.url ?? '(none)';
    const status = raw.writableFinished ? raw.statusCode : 499;
    durations.observe({ method, route, status }, durationMs / 1000);
    const { traceId, orderId } = trace;
    const fields = { method, route, status, durationMs: Math.round(durationMs * 10) / 10, traceId, orderId };
    if (QUIET.test(route)) logger.debug(fields, 'request');
    else logger.info(fields, 'request');
  };
}
