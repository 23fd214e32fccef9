import { applyDecorators, Inject, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { MERCHANT_KEY_HEADER } from '@rocketshop/contracts';
import { ProblemError } from '@rocketshop/service-defaults';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { PayProviderConfig } from '../pay-provider.config.js';
import { PAY_PROVIDER_CONFIG } from '../pay-provider.tokens.js';

/** Admits requests that show the merchant's key. Only the pay page is open, since buyers have no key. */
@Injectable()
class MerchantGuard implements CanActivate {
  private readonly digests: readonly Buffer[];

  constructor(@Inject(PAY_PROVIDER_CONFIG) config: Pick<PayProviderConfig, 'merchantKey'>) {
    this.digests = config.merchantKey.map((key) => digestOf(key.reveal()));
  }

  /** @throws {ProblemError} 401 */
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ readonly headers: Readonly<Record<string, unknown>> }>();
    const shown = headers[MERCHANT_KEY_HEADER];
    if (typeof shown === 'string' && this.isKnown(digestOf(shown))) return true;
    throw new ProblemError({ status: 401, code: 'MERCHANT_KEY_INVALID', title: 'The merchant key is not valid.' });
  }

  /** Digests have one length, so that the comparison takes the same time for every text, and tells nothing about the key. */
  private isKnown(digest: Buffer): boolean {
    let known = false;
    for (const own of this.digests) known = timingSafeEqual(own, digest) || known;
    return known;
  }
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Puts the {@link MerchantGuard} before a controller. */
export const MerchantOnly = () =>
  applyDecorators(
    UseGuards(MerchantGuard),
    ApiHeader({ name: MERCHANT_KEY_HEADER, required: true, description: "The merchant's key" }),
  );
