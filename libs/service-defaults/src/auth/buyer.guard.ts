import { createParamDecorator, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InvalidTokenError } from '../errors.js';
import { ProblemError } from '../http/problem-error.js';
import { BuyerTokens } from './buyer-tokens.js';

/** The buyer that the token names. The guard sets it; it never comes from a body or a path. */
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
    title: 'Authentication is required.',
    detail,
    headers: { 'www-authenticate': 'Bearer' },
  });

/** Accepts a request if `Authorization: Bearer <token>` is a valid buyer token; answers 401 otherwise. */
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
      if (error instanceof InvalidTokenError) throw unauthorized('The bearer token is invalid or expired.');
      throw error;
    }
  }
}

/** The buyer of the request, in a handler that {@link BuyerGuard} protects. */
export const Buyer = createParamDecorator((_data: unknown, context: ExecutionContext): BuyerIdentity => {
  const { buyer } = context.switchToHttp().getRequest<RequestWithBuyer>();
  if (!buyer) throw new Error('@Buyer() used on a route without BuyerGuard');
  return buyer;
});
