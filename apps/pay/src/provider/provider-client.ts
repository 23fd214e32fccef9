import { Inject, Injectable } from '@nestjs/common';
import { providerChargeSchema, type CreateCharge, type CreateRefund, type ProviderCharge } from '@rocketshop/contracts';
import { z } from 'zod';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';

/** Thrown when the provider did not answer, or not as agreed. Both calls may be repeated: it knows them by our ids. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code = 'PROVIDER_UNAVAILABLE';
  readonly retriable = true;
}

const refundAnswerSchema = z.object({ refundId: z.string(), state: z.literal('SUCCEEDED') });

/** The payment provider's HTTP interface. It is the outside world: every answer is checked before it is believed. */
@Injectable()
export class ProviderClient {
  constructor(@Inject(PAY_CONFIG) private readonly config: PayConfig) {}

  /** Idempotent by paymentId. @throws {ProviderError} */
  createCharge(charge: CreateCharge): Promise<ProviderCharge> {
    return this.post('/provider/charges', charge, providerChargeSchema);
  }

  /** Idempotent by refundId. @throws {ProviderError} */
  async createRefund(refund: CreateRefund): Promise<void> {
    await this.post('/provider/refunds', refund, refundAnswerSchema);
  }

  private async post<S extends z.ZodType>(path: string, body: object, answer: S): Promise<z.infer<S>> {
    try {
      const response = await fetch(new URL(path, this.config.providerUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(this.config.providerTimeoutMs),
        redirect: 'error',
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      return answer.parse(JSON.parse(text));
    } catch (error) {
      throw new ProviderError(`the provider did not take ${path}`, { cause: error });
    }
  }
}
