import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import {
  CHARGE_PAID,
  CHARGE_VOID,
  chargeReadingSchema,
  MERCHANT_KEY_HEADER,
  paymentPath,
  providerChargeSchema,
  voidAnswerSchema,
} from '@rocketshop/contracts';
import type { ChargeReading, CreateCharge, CreateRefund, ProviderCharge } from '@rocketshop/contracts';
import { isSuccess, JsonClient, Metrics } from '@rocketshop/service-defaults';
import { z } from 'zod';
import type { PayConfig } from '../pay.config.js';
import { PAY_CONFIG } from '../pay.tokens.js';
import { ProviderError } from './provider-error.js';

/** A charge at the provider is named by our ids, since we may have lost the answer with the provider's id. */
export type ChargeName = Pick<CreateCharge, 'merchantId' | 'paymentId'>;

type Call = 'create' | 'read' | 'void' | 'refund' | 'reset';

interface Answer {
  readonly status: number;
  readonly text: string;
}

const refundAnswerSchema = z.object({ refundId: z.string(), state: z.literal('SUCCEEDED') });
const problemSchema = z.object({ code: z.string() });

/**
 * The payment provider's HTTP interface. The provider is not a part of the shop, so every answer is validated, and must be about
 * what was asked. Every call may be repeated: the provider recognizes it by our ids.
 */
@Injectable()
export class ProviderClient implements OnApplicationShutdown {
  private readonly http: JsonClient;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly calls;

  constructor(
    @Inject(PAY_CONFIG) private readonly config: PayConfig,
    metrics: Metrics,
  ) {
    this.http = new JsonClient({ timeoutMs: config.providerTimeoutMs });
    this.headers = { [MERCHANT_KEY_HEADER]: config.merchantKey[0]?.reveal() ?? '' };
    this.calls = metrics.counter({
      name: 'pay_provider_calls_total',
      help: 'Calls to the payment provider. unreachable: no answer in time; refused: 4xx; failed: 5xx or an answer that is not as agreed',
      labelNames: ['call', 'outcome'],
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.http.close();
  }

  /**
   * Requests a charge, or finds it again.
   * @returns undefined when the payment was made void before: nobody can pay it
   * @throws {ProviderError}
   */
  async createCharge(charge: CreateCharge): Promise<ProviderCharge | undefined> {
    const answer = await this.post('create', '/provider/charges', charge);
    if (isSuccess(answer.status)) {
      const created = this.parse('create', answer, providerChargeSchema);
      this.requireSame('create', created, { paymentId: charge.paymentId });
      return created.state === 'VOID' ? undefined : created;
    }
    if (codeOf(answer) === CHARGE_VOID) return undefined;
    if (answer.status === 409) return this.findRequestedBefore(charge);
    throw refused('create', answer);
  }

  /**
   * The charge exists with other contents than those of this request. A version that did not keep what it had sent may have requested it
   * with another callback address. It is our charge as long as the money is the same.
   */
  private async findRequestedBefore(charge: CreateCharge): Promise<ProviderCharge | undefined> {
    const existing = await this.readCharge(charge);
    if (existing === undefined) throw new ProviderError('the provider has refused a charge that it does not have');
    const { orderId, amount, currency } = charge;
    this.requireSame('create', existing, { orderId, amount, currency });
    return existing.state === 'VOID' ? undefined : existing;
  }

  /**
   * @param timeoutMs where it is shorter than that of every call
   * @returns undefined when the provider has never had such a charge
   * @throws {ProviderError}
   */
  async readCharge({ merchantId, paymentId }: ChargeName, timeoutMs?: number): Promise<ChargeReading | undefined> {
    const url = new URL(paymentPath({ merchantId, paymentId }), this.config.providerUrl);
    const answer = await this.exchange('read', () => this.http.get(url, this.headers, timeoutMs));
    if (answer.status === 404 && codeOf(answer) === 'CHARGE_NOT_FOUND') return undefined;
    if (!isSuccess(answer.status)) throw refused('read', answer);
    const reading = this.parse('read', answer, chargeReadingSchema);
    this.requireSame('read', reading, { merchantId, paymentId });
    return reading;
  }

  /**
   * Lets nobody pay the charge any more, also when the request for it has not reached the provider yet.
   * @returns PAID when somebody was faster
   * @throws {ProviderError}
   */
  async voidCharge({ merchantId, paymentId }: ChargeName): Promise<'VOID' | 'PAID'> {
    const answer = await this.post('void', `${paymentPath({ merchantId, paymentId })}/void`, {});
    if (codeOf(answer) === CHARGE_PAID) return 'PAID';
    if (!isSuccess(answer.status)) throw refused('void', answer);
    const voided = this.parse('void', answer, voidAnswerSchema);
    this.requireSame('void', voided, { paymentId });
    return voided.state;
  }

  /** @throws {ProviderError} */
  async createRefund(refund: CreateRefund): Promise<void> {
    const answer = await this.post('refund', '/provider/refunds', refund);
    if (!isSuccess(answer.status)) throw refused('refund', answer);
    this.requireSame('refund', this.parse('refund', answer, refundAnswerSchema), { refundId: refund.refundId });
  }

  /** Lets the simulator forget everything, when a demo begins again. @throws {ProviderError} */
  async reset(): Promise<void> {
    const answer = await this.post('reset', '/provider/reset', {});
    if (!isSuccess(answer.status)) throw refused('reset', answer);
  }

  private post(call: Call, path: string, body: object): Promise<Answer> {
    const url = new URL(path, this.config.providerUrl);
    return this.exchange(call, () => this.http.post(url, JSON.stringify(body), this.headers));
  }

  private async exchange(call: Call, send: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await send();
      this.calls.inc({ call, outcome: outcomeOf(answer.status) });
      return answer;
    } catch (error) {
      this.calls.inc({ call, outcome: 'unreachable' });
      throw new ProviderError(`the provider did not answer ${call}`, { cause: error });
    }
  }

  private parse<S extends z.ZodType>(call: Call, { text }: Answer, schema: S): z.infer<S> {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      this.calls.inc({ call, outcome: 'failed' });
      throw new ProviderError(`the provider's answer to ${call} is not as agreed`, { cause: error });
    }
  }

  /** An answer about something else must not decide about our row. */
  private requireSame<T extends object>(call: Call, answer: T, asked: Partial<T>): void {
    const different = Object.entries(asked).filter(([field, value]) => answer[field as keyof T] !== value);
    if (different.length === 0) return;
    this.calls.inc({ call, outcome: 'failed' });
    throw new ProviderError(
      `the provider answered ${call} with another ${different.map(([field]) => field).join(', ')}`,
    );
  }
}

const outcomeOf = (status: number): string => (isSuccess(status) ? 'ok' : status < 500 ? 'refused' : 'failed');

/** The code of a problem that the provider answers with. */
function codeOf({ status, text }: Answer): string | undefined {
  if (isSuccess(status)) return undefined;
  try {
    return problemSchema.parse(JSON.parse(text)).code;
  } catch {
    return undefined;
  }
}

const refused = (call: Call, answer: Answer): ProviderError =>
  new ProviderError(`the provider answered ${call} with ${answer.status} ${codeOf(answer) ?? ''}`.trimEnd());
