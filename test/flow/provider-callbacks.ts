import { createHmac, randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { CALLBACK_SECRET } from '@rocketshop/shop-testkit/in-process';
import type { InProcessShop } from '@rocketshop/shop-testkit/in-process';

/** The body of a callback of the payment provider. */
export type CallbackEvent = Readonly<Record<string, string>>;

export function paidEvent(
  { paymentId, orderId, amount }: Pick<PaymentAnswer, 'paymentId' | 'orderId' | 'amount'>,
  changes: CallbackEvent = {},
): CallbackEvent {
  return {
    eventId: randomUUID(),
    type: 'payment.succeeded',
    merchantId: 'rocketshop',
    paymentId,
    orderId,
    providerTxnId: `txn-${randomUUID()}`,
    amount,
    currency: 'EUR',
    occurredAt: new Date().toISOString(),
    ...changes,
  };
}

export interface SignatureChoice {
  readonly secrets?: readonly string[];
  /** Age of the signature's time, s. A negative age is a time in the future. */
  readonly ageSeconds?: number;
  /** The body that is sent instead of the signed one. */
  readonly altered?: string;
  /** The whole header, instead of a signature. Null sends no header. */
  readonly header?: string | null;
}

/** Signs by the description of the header: HMAC-SHA256 over `<t>.<raw body>`. It shares no code with the product, so it proves it. */
export function signature(body: string, secrets: readonly string[], ageSeconds = 0): string {
  const time = Math.floor(Date.now() / 1000) - ageSeconds;
  const macs = secrets.map((secret) => createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
  return [`t=${time}`, ...macs.map((mac) => `v1=${mac}`)].join(',');
}

export interface CallbackAnswer {
  readonly status: number;
  readonly body: { readonly outcome?: string; readonly code?: string };
}

/** Posts a callback. The default signature is the provider's; another choice makes a forged or broken one. */
export async function callBack(
  shop: InProcessShop,
  event: CallbackEvent | string,
  { secrets = [CALLBACK_SECRET], ageSeconds, altered, header }: SignatureChoice = {},
  replica = 0,
): Promise<CallbackAnswer> {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  const signed = header === undefined ? signature(body, secrets, ageSeconds) : header;
  const response = await fetch(`${shop.urlOf('pay', replica)}/payments/callback`, {
    method: 'POST',
    body: altered ?? body,
    headers: { 'content-type': 'application/json', ...(signed === null ? {} : { 'x-pay-signature': signed }) },
  });
  return { status: response.status, body: (await response.json()) as CallbackAnswer['body'] };
}

/** The row that pay keeps about a callback's event. */
export async function recordedEvent(
  shop: InProcessShop,
  { eventId }: CallbackEvent,
): Promise<{ outcome: string; deliveries: number } | undefined> {
  const [row] = await shop.rows<{ outcome: string; deliveries: number }>(
    'pay',
    'SELECT outcome, deliveries FROM payment_events WHERE event_id = $1',
    [eventId],
  );
  return row;
}

/** The number of messages by which pay has told that the order is paid. */
export async function paidMessages(shop: InProcessShop, orderId: string): Promise<number> {
  const rows = await shop.rows('pay', `SELECT FROM outbox WHERE order_key = $1 AND topic = 'payment-succeeded'`, [
    orderId,
  ]);
  return rows.length;
}

/** No timer ends a story, and pay asks the provider after 50 ms, again and again. */
export const ASKS_SOON = {
  order: { UNPAID_TIMEOUT_MS: '100000000' },
  pay: {
    CHARGE_INTERVAL_MS: '50',
    CHARGE_FIRST_POLL_MS: '5000',
    CHARGE_LONGEST_POLL_MS: '5000',
    LAST_LOOK_MS: '20000',
    REFUND_INTERVAL_MS: '50',
  },
} as const;

interface Transaction {
  readonly providerTxnId: string;
}

/** The provider takes the money and tells nobody. @returns the transactions */
export async function payUntold(
  shop: InProcessShop,
  payment: Pick<PaymentAnswer, 'payUrl'>,
  modes: object = {},
): Promise<Transaction[]> {
  const { status, body } = await shop.buyer().pay(payment, { ...modes, silent: true });
  expect(status).toBe(200);
  return body['transactions'] as Transaction[];
}
