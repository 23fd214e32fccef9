import { createHmac } from 'node:crypto';

/**
 * Value of the signature header: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`, each v1 an HMAC-SHA256 with one secret over
 * `<t>.<body>`. It has the form of Stripe's webhooks (https://docs.stripe.com/webhooks, "Verify manually").
 */
export function signCallback(rawBody: string, secrets: readonly string[], unixSeconds: number): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${unixSeconds}.${rawBody}`).digest('hex')}`,
  );
  return [`t=${unixSeconds}`, ...signatures].join(',');
}
