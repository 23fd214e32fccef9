import { CALLBACK_SIGNATURE_HEADER } from '@rocketshop/contracts';
import { randomBytes } from 'node:crypto';
import type { Callback } from '../domain/charge.js';
import { signCallback } from './callback-signature.js';

export interface CallbackSenderOptions {
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}

/** Posts one callback once. */
export class CallbackSender {
  constructor(private readonly options: CallbackSenderOptions) {}

  /** The status of the answer; undefined where there was none in time. Never throws. */
  async send({ url, body, forgery }: Callback, abort: AbortSignal): Promise<number | undefined> {
    const rawBody = JSON.stringify(body);
    const secrets = forgery?.badSignature === true ? [randomBytes(32).toString('hex')] : this.options.secrets;
    const unixSeconds = Math.floor(Date.now() / 1000) - (forgery?.signatureAgeSeconds ?? 0);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [CALLBACK_SIGNATURE_HEADER]: signCallback(rawBody, secrets, unixSeconds),
        },
        body: rawBody,
        redirect: 'error',
        signal: AbortSignal.any([abort, AbortSignal.timeout(this.options.timeoutMs)]),
      });
      // Nothing in the answer counts but its status; reading it frees the connection.
      await response.arrayBuffer();
      return response.status;
    } catch {
      return undefined;
    }
  }
}

export function isAccepted(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
