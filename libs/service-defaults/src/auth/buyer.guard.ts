import { createParamDecorator, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InvalidTokenError } from '../errors.js';
import { ProblemError } from '../http/problem-error.js';
import { BuyerTokens } from './buyer-tokens.js';

/** Who asks, as his token says. Set by the guard, never taken from a body or a path. */
export interface BuyerIdentity {
  readonly id: string;
}

interface RequestWithBuyer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  buyer?: BuyerIdentity;
}

const BEARER = /^Bearer \S+$/i;

const unauthorized = (detail: string): ProblemError =>
  new ProblemError({
    status: 401,
    code: 'UNAUTHENTICATED',
    title: 'Who are you?',
    detail,
    headers: { 'www-authenticate': 'Bearer' },
  });

/** Lets a request through when `Authorization: Bearer <token>` is a valid buyer token; else 401. */
@Injectable()
export class BuyerGuard implements CanActivate {
  constructor(private readonly tokens: BuyerTokens) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<RequestWithBuyer>();
    const authorization = String(request.headers['authorization'] ?? '');
    if (!BEARER.test(authorization)) throw unauthorized('Send the header Authorization: Bearer <buyer token>.');
    try {
      request.buyer = { id: this.tokens.verify(authorization.slice('Bearer '.length)) };
      return true;
    } catch (error) {
      if (error instanceof InvalidTokenError) throw unauthorized('The bearer token is not valid, or not any more.');
      throw error;
    }
  }
}

/** The buyer behind the request, in a handler that stands behind {@link BuyerGuard}. */
export const Buyer = createParamDecorator((_data: unknown, context: ExecutionContext): BuyerIdentity => {
  const { buyer } = context.switchToHttp().getRequest<RequestWithBuyer>();
  if (!buyer) throw new Error('@Buyer() used on a route without BuyerGuard');
  return buyer;
});
