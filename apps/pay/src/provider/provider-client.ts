import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { MERCHANT_KEY_HEADER, providerChargeSchema } from '@rocketshop/contracts';
import type { CreateCharge, CreateRefund, ProviderCharge } from '@rocketshop/contracts';
import { isSuccess, JsonClient } from '@rocketshop/service-defaults';
import { z } from 'zod';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';

/** Thrown when the provider did not answer as agreed. Both calls may be repeated: the provider recognizes them by our ids. */
class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code = 'PROVIDER_UNAVAILABLE';
  readonly retriable = true;
}

const refundAnswerSchema = z.object({ refundId: z.string(), state: z.literal('SUCCEEDED') });

/** The payment provider's HTTP interface. The provider is not a part of the shop, so every answer is validated. */
@Injectable()
export class ProviderClient implements OnApplicationShutdown {
  private readonly http: JsonClient;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(@Inject(PAY_CONFIG) private readonly config: PayConfig) {
    this.http = new JsonClient({ timeoutMs: config.providerTimeoutMs });
    this.headers = { [MERCHANT_KEY_HEADER]: config.merchantKey[0]?.reveal() ?? '' };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.http.close();
  }

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
      const { status, text } = await this.http.post(
        new URL(path, this.config.providerUrl),
        JSON.stringify(body),
        this.headers,
      );
      if (!isSuccess(status)) throw new Error(`it answered ${status}`);
      return answer.parse(JSON.parse(text));
    } catch (error) {
      throw new ProviderError(`the provider did not take ${path}`, { cause: error });
    }
  }
}
