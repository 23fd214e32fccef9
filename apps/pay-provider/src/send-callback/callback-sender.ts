import { CALLBACK_SIGNATURE_HEADER } from '@rocketshop/contracts';
import { JsonClient } from '@rocketshop/service-defaults';
import { randomBytes } from 'node:crypto';
import type { Callback } from '../domain/charge.js';
import { signCallback } from './callback-signature.js';

export interface CallbackSenderOptions {
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}

/** Posts one callback once. */
export class CallbackSender {
  private readonly http: JsonClient;

  constructor(private readonly options: CallbackSenderOptions) {
    this.http = new JsonClient({ timeoutMs: options.timeoutMs });
  }

  /** The status of the answer; undefined where there was none in time. Never throws. */
  async send({ url, body, forgery }: Callback): Promise<number | undefined> {
    const rawBody = JSON.stringify(body);
    const secrets = forgery?.badSignature === true ? [randomBytes(32).toString('hex')] : this.options.secrets;
    const unixSeconds = Math.floor(Date.now() / 1000) - (forgery?.signatureAgeSeconds ?? 0);
    const signature = signCallback(rawBody, secrets, unixSeconds);
    try {
      // Nothing in the answer counts but its status.
      const { status } = await this.http.post(url, rawBody, { [CALLBACK_SIGNATURE_HEADER]: signature });
      return status;
    } catch {
      return undefined;
    }
  }

  /** Cuts off what is being sent: it ends without an answer. */
  async close(): Promise<void> {
    await this.http.close();
  }
}
