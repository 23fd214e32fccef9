import { createParamDecorator, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, HttpException, NestInterceptor } from '@nestjs/common';
import { catchError, from, switchMap } from 'rxjs';
import type { Observable } from 'rxjs';
import { IdempotencyKeyTakenError } from '../errors.js';
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
  constructor(private readonly keys: KeyLookup) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<HttpResponse>();
    const claim = claimOf(request);
    const kept = await this.lookUp(claim, response);
    if (kept) return from([replay(kept, response)]);
    request.idempotencyClaim = claim;
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof IdempotencyKeyTakenError)) throw error;
        return from(this.lookUp(claim, response)).pipe(
          switchMap((answer) => {
            // The other request has rolled back after all, so the client can try again.
            if (!answer) throw pending(response);
            return from([replay(answer, response)]);
          }),
        );
      }),
    );
  }

  private async lookUp(claim: IdempotencyClaim, response: HttpResponse): Promise<KeptAnswer | undefined> {
    const found = await this.keys.find(claim);
    if (!found) return undefined;
    if (!found.fingerprint.equals(claim.fingerprint)) throw keyReused();
    if (!found.answer) throw pending(response);
    return found.answer;
  }
}

/** The request's claim, for `insertIdempotencyKey`. Its route needs {@link IdempotencyInterceptor}. */
export const Claim = createParamDecorator((_data: unknown, context: ExecutionContext): IdempotencyClaim => {
  const { idempotencyClaim } = context.switchToHttp().getRequest<HttpRequest>();
  if (!idempotencyClaim) throw new Error('@Claim() used on a route without IdempotencyInterceptor');
  return idempotencyClaim;
});

function claimOf(request: HttpRequest): IdempotencyClaim {
  const { buyer } = request;
  if (!buyer) throw new Error('IdempotencyInterceptor used on a route whose guard sets no buyer');
  const key = parseIdempotencyKey(request.headers['idempotency-key']);
  if (key === undefined) throw keyInvalid();
  const route = `${request.method} ${request.routeOptions?.url ?? request.route?.path ?? ''}`;
  return { buyerId: buyer.id, route, key, fingerprint: fingerprint({ buyerId: buyer.id, route, body: request.body }) };
}

function replay(answer: KeptAnswer, response: HttpResponse): unknown {
  response.status(answer.status);
  response.header('Idempotency-Replayed', 'true');
  if (answer.status >= 400) response.header('Content-Type', 'application/problem+json; charset=utf-8');
  return answer.body;
}

function pending(response: HttpResponse): HttpException {
  response.header('Retry-After', '1');
  return keyPending();
}
