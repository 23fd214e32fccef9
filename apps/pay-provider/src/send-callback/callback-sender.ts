import { CALLBACK_SIGNATURE_HEADER } from '@rocketshop/contracts';
import { JsonClient } from '@rocketshop/service-defaults';
import { randomBytes } from 'node:crypto';
import type { Callback } from '../domain/charge.js';
import { signCallback } from './callback-signature.js';

export interface CallbackSenderOptions {
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
  /** Origins to which callbacks may go. The file may hold charges of an earlier, longer list. */
  readonly allowedOrigins: readonly string[];
}

/** Sends a callback once. */
export class CallbackSender {
  private readonly http: JsonClient;

  constructor(private readonly options: CallbackSenderOptions) {
    this.http = new JsonClient({ timeoutMs: options.timeoutMs });
  }

  /** @returns the status of the answer; undefined if no answer came in time, or the address is not allowed. Never throws. */
  async send({ url, body, forgery }: Callback): Promise<number | undefined> {
    if (!this.options.allowedOrigins.includes(new URL(url).origin)) return undefined;
    const rawBody = JSON.stringify(body);
    const secrets = forgery?.badSignature === true ? [randomBytes(32).toString('hex')] : this.options.secrets;
    const unixSeconds = Math.floor(Date.now() / 1000) - (forgery?.signatureAgeSeconds ?? 0);
    const signature = signCallback(rawBody, secrets, unixSeconds);
    try {
      // Only the status of the answer counts.
      const { status } = await this.http.post(url, rawBody, { [CALLBACK_SIGNATURE_HEADER]: signature });
      return status;
    } catch {
      return undefined;
    }
  }

  /** Aborts the running calls, which then end without an answer. */
  async close(): Promise<void> {
    await this.http.close();
  }
}
