import { applyDecorators, createParamDecorator, Injectable, SetMetadata, UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExecutionContext, HttpException, NestInterceptor } from '@nestjs/common';
import { catchError, from, switchMap } from 'rxjs';
import type { Observable } from 'rxjs';
import { IdempotencyKeyTakenError } from '../errors.js';
import { IdempotencyMetrics } from '../idempotency-metrics.js';
import { fingerprint } from './fingerprint.js';
import { parseIdempotencyKey } from './idempotency-key-header.js';
import type { IdempotencyClaim, KeptAnswer } from './idempotency-store.js';
import { KeyLookup } from './key-lookup.js';
import { keyInvalid, keyPending, keyReused } from './problem.js';

interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: unknown;
  /** Fastify's and Express's route template. */
  readonly routeOptions?: { readonly url?: string | undefined };
  readonly route?: { readonly path?: string };
  readonly buyer?: { readonly id: string };
  idempotencyClaim?: IdempotencyClaim;
}

/** The methods that Fastify's reply and Express's response share. */
interface HttpResponse {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

/**
 * Looks a key up before its request runs. The use case inserts and answers the row in its own transactions: if the
 * interceptor did it in another transaction, a crash in between would keep an answer without its effect.
 *
 *   no key, or malformed                400
 *   a body that its schema refuses      the handler runs, and answers 400
 *   unknown key                         the handler runs; `@Claim()` gives it the claim
 *   known, other payload                422
 *   known, no answer yet                409 with Retry-After: 1
 *   known, answered                     that answer again, with Idempotency-Replayed: true
 *   handler throws "key taken"          the key is looked up again: one of the last three
 *
 * A guard that sets `request.buyer` must run before it.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly keys: KeyLookup,
    private readonly metrics: IdempotencyMetrics,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<HttpResponse>();
    const body = await readBody(context, request.body);
    const claim = claimOf(request, body.value);
    request.idempotencyClaim = claim;
    if (!body.isValid) return next.handle();
    const kept = await this.lookUp(claim, request, response);
    if (kept) return from([replay(kept, response)]);
    this.metrics.count('new');
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof IdempotencyKeyTakenError)) throw error;
        return from(this.lookUp(claim, request, response)).pipe(
          switchMap((answer) => {
            // The other request has rolled back after all, so the client can try again.
            if (!answer) throw this.pending(response);
            return from([replay(answer, response)]);
          }),
        );
      }),
    );
  }

  private async lookUp(
    claim: IdempotencyClaim,
    request: HttpRequest,
    response: HttpResponse,
  ): Promise<KeptAnswer | undefined> {
    const found = await this.keys.find(claim);
    if (!found) return undefined;
    if (!isSameRequest(found.fingerprint, claim, request.body)) {
      this.metrics.count('mismatch');
      throw keyReused();
    }
    if (!found.answer) throw this.pending(response);
    this.metrics.count('replayed');
    return found.answer;
  }

  private pending(response: HttpResponse): HttpException {
    this.metrics.count('pending');
    response.header('Retry-After', '1');
    return keyPending();
  }
}

const BODY_SCHEMA = Symbol('the schema of an idempotent body');

/** What the interceptor needs of a schema (standardschema.dev): zod, valibot and others have it. */
interface BodySchema {
  readonly '~standard': {
    validate(value: unknown): BodyResult | Promise<BodyResult>;
  };
}
type BodyResult = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly unknown[] };

/**
 * For the route of a request with a key. The fingerprint is that of the body as the schema reads it, so a default that is said and one
 * that is not said are the same request.
 */
export const Idempotent = (body: BodySchema): MethodDecorator =>
  applyDecorators(SetMetadata(BODY_SCHEMA, body), UseInterceptors(IdempotencyInterceptor));

/** The body with its defaults. A body that the schema refuses has no effect, and the handler's pipe tells what is wrong with it. */
async function readBody(context: ExecutionContext, body: unknown): Promise<{ value: unknown; isValid: boolean }> {
  const schema = Reflect.getMetadata(BODY_SCHEMA, context.getHandler()) as BodySchema | undefined;
  if (!schema) return { value: body, isValid: true };
  const result = await schema['~standard'].validate(body);
  return result.issues ? { value: body, isValid: false } : { value: result.value, isValid: true };
}

/** A key may have been kept before its schema got a new default. So the body as it was sent counts as well. */
function isSameRequest(
  kept: Buffer,
  { buyerId, route, fingerprint: asRead }: IdempotencyClaim,
  sent: unknown,
): boolean {
  return kept.equals(asRead) || kept.equals(fingerprint({ buyerId, route, body: sent }));
}

/** The request's claim, for `insertIdempotencyKey`. Its route needs {@link IdempotencyInterceptor}. */
export const Claim = createParamDecorator((_data: unknown, context: ExecutionContext): IdempotencyClaim => {
  const { idempotencyClaim } = context.switchToHttp().getRequest<HttpRequest>();
  if (!idempotencyClaim) throw new Error('@Claim() used on a route without IdempotencyInterceptor');
  return idempotencyClaim;
});

function claimOf(request: HttpRequest, body: unknown): IdempotencyClaim {
  const { buyer } = request;
  if (!buyer) throw new Error('IdempotencyInterceptor used on a route whose guard sets no buyer');
  const key = parseIdempotencyKey(request.headers['idempotency-key']);
  if (key === undefined) throw keyInvalid();
  const route = `${request.method} ${request.routeOptions?.url ?? request.route?.path ?? ''}`;
  return { buyerId: buyer.id, route, key, fingerprint: fingerprint({ buyerId: buyer.id, route, body }) };
}

function replay(answer: KeptAnswer, response: HttpResponse): unknown {
  response.status(answer.status);
  response.header('Idempotency-Replayed', 'true');
  if (answer.status >= 400) response.header('Content-Type', 'application/problem+json; charset=utf-8');
  return answer.body;
}
