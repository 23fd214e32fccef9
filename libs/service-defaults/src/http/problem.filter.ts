import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Logger } from '../logging/create-logger.js';
import { problemTypeOf, ProblemError } from './problem-error.js';
import type { Problem } from './problem-error.js';

interface Answer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers every error as problem+json. An internal error becomes a plain 500, and a log line with the stack. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { problem, headers } = toAnswer(error);
    if (problem.status >= 500) this.logger.error({ err: error, code: problem.code }, 'request failed');
    writeProblem(host.switchToHttp().getResponse<FastifyReply>(), problem, headers);
  }
}

function writeProblem(reply: FastifyReply, problem: Problem, headers: Readonly<Record<string, string>> = {}): void {
  if (reply.raw.headersSent) {
    reply.raw.end();
    return;
  }
  void reply
    .code(problem.status)
    .headers({ ...headers, 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' })
    .send(JSON.stringify(problem));
}

/** Answers what the router refuses before any hook or filter: a malformed path (400), a too long parameter (414). */
export function writeRouterProblem({ statusCode = 500 }: { readonly statusCode?: number }, reply: FastifyReply): void {
  writeProblem(reply, plain(statusCode));
}

function toAnswer(error: unknown): Answer {
  if (error instanceof ProblemError) return { problem: error.problem, headers: error.headers };
  if (error instanceof HttpException) return { problem: fromHttpException(error), headers: {} };
  return { problem: plain(500), headers: {} };
}

/** Converts an exception of Nest. A body that is a problem already (from the idempotency kit) stays unchanged. */
function fromHttpException(exception: HttpException): Problem {
  const status = exception.getStatus();
  const body = exception.getResponse();
  if (typeof body === 'object' && 'type' in body && 'code' in body && 'title' in body) return body as Problem;
  return status >= 500 ? plain(status) : plain(status, exception.message);
}

function plain(status: number, detail?: string): Problem {
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
