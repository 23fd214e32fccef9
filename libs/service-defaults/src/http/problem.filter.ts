import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { isUnavailable, LockTimeoutError } from '@rocketshop/pg';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Logger } from '../logging/create-logger.js';
import type { TraceContext } from '../trace/trace-context.js';
import { ServiceDefaultsError } from '../errors.js';
import { OutageLog } from './outage-log.js';
import { problemTypeOf, ProblemError } from './problem-error.js';
import type { Problem } from './problem-error.js';

interface Answer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers every error as problem+json. An internal error becomes a plain 500, and a log line with the stack. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly databaseOutage: OutageLog;

  constructor(private readonly logger: Logger) {
    this.databaseOutage = new OutageLog(logger, 'the database is unavailable');
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { problem, headers } = toAnswer(error);
    if (problem.code === DATABASE_UNAVAILABLE) this.databaseOutage.failed(error);
    else if (problem.status >= 500) this.logger.error({ err: error, code: problem.code }, 'request failed');
    writeProblem(host.switchToHttp().getResponse<FastifyReply>(), problem, headers);
  }
}

export function writeProblem(
  reply: FastifyReply,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (reply.raw.headersSent) {
    reply.raw.end();
    return;
  }
  void reply
    .code(problem.status)
    .headers({ ...headers, 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' })
    .send(JSON.stringify(withTrace(problem, reply)));
}

/** A buyer who reports a problem reports its trace, and the log lines of the trace tell what happened. */
function withTrace(problem: Problem, reply: FastifyReply): Problem {
  // A body that is refused is refused before the request's trace is entered.
  const { trace } = reply.request as { readonly trace?: TraceContext };
  return trace ? { ...problem, traceId: trace.traceId } : problem;
}

/** Answers what the router refuses before any hook or filter: a malformed path (400), a too long parameter (414). */
export function writeRouterProblem({ statusCode = 500 }: { readonly statusCode?: number }, reply: FastifyReply): void {
  writeProblem(reply, plain(statusCode));
}

/** Anything may be thrown, a revoked proxy too: the request is answered nevertheless. */
function toAnswer(error: unknown): Answer {
  try {
    return answerTo(error);
  } catch {
    return { problem: plain(500), headers: {} };
  }
}

function answerTo(error: unknown): Answer {
  if (error instanceof ProblemError) return { problem: error.problem, headers: error.headers };
  if (error instanceof HttpException) return { problem: fromHttpException(error), headers: {} };
  if (error instanceof LockTimeoutError) return { problem: rowLocked(), headers: RETRY_SOON };
  if (isDatabaseAway(error)) return { problem: databaseUnavailable(), headers: RETRY_SOON };
  return { problem: plain(500), headers: {} };
}

const RETRY_SOON = { 'retry-after': '1' };
const DATABASE_UNAVAILABLE = 'DATABASE_UNAVAILABLE';
const ROW_LOCKED = 'ROW_LOCKED';

/** An error of this library tells of another service, which may have failed for the same reason. */
const isDatabaseAway = (error: unknown): boolean => !(error instanceof ServiceDefaultsError) && isUnavailable(error);

const databaseUnavailable = (): Problem => ({
  type: problemTypeOf(DATABASE_UNAVAILABLE),
  title: 'The service cannot reach its database now.',
  status: 503,
  code: DATABASE_UNAVAILABLE,
  detail: 'Send the same request again in a moment.',
});

const rowLocked = (): Problem => ({
  type: problemTypeOf(ROW_LOCKED),
  title: 'Another transaction holds what this request wants to change.',
  status: 503,
  code: ROW_LOCKED,
  detail: 'Nothing was changed. Send the same request again in a moment.',
});

/** Converts an exception of Nest. A body that is a problem already (from the idempotency kit) stays unchanged. */
function fromHttpException(exception: HttpException): Problem {
  const status = exception.getStatus();
  const body = exception.getResponse();
  if (typeof body === 'object' && 'type' in body && 'code' in body && 'title' in body) return body as Problem;
  return status >= 500 ? plain(status) : plain(status, exception.message);
}

export function plain(status: number, detail?: string): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  const code = status === 500 ? 'INTERNAL_ERROR' : title.toUpperCase().replaceAll(/[^A-Z]+/g, '_');
  return {
    type: problemTypeOf(code),
    title,
    status,
    code,
    ...(detail === undefined || detail === title ? {} : { detail }),
  };
}
