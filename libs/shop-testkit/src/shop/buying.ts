import { randomUUID } from 'node:crypto';
import { until } from '../wait/until.js';
import type { Cart, HttpAnswer, OrderAnswer, PaymentAnswer, ShopClient } from './shop-client.js';

const WAIT_MS = 30_000;

export const teapots = (quantity = 1): Cart => ({ items: [{ goodsId: 'teapot', quantity }] });

/** Places an order. @throws an error that shows the answer, unless the order is confirmed */
export async function place(
  buyer: ShopClient,
  cart: Cart = teapots(),
  key: string = randomUUID(),
): Promise<OrderAnswer> {
  return created('POST /orders', await buyer.placeOrder(cart, key));
}

/** Opens the payment of an order. @throws an error that shows the answer, unless there is a page to pay at */
export async function openPayment(buyer: ShopClient, orderId: string): Promise<PaymentAnswer> {
  return created('POST /payments', await buyer.openPayment(orderId));
}

function created<T extends { readonly code?: string }>(what: string, { status, body }: HttpAnswer<T>): T {
  if (status === 201 && body.code === undefined) return body;
  throw new Error(`${what} answered ${status} instead of 201: ${JSON.stringify(body)}`);
}

/** @returns how long it took until the order had the status, ms */
export async function untilStatus(
  buyer: ShopClient,
  orderId: string,
  status: string,
  timeoutMs = WAIT_MS,
): Promise<number> {
  const started = performance.now();
  await untilHas(status, async () => (await buyer.readOrder(orderId)).body.status, timeoutMs, `order ${orderId}`);
  return Math.round(performance.now() - started);
}

export async function untilPaymentIs(
  buyer: ShopClient,
  { paymentId }: Pick<PaymentAnswer, 'paymentId'>,
  status: string,
  timeoutMs = WAIT_MS,
): Promise<void> {
  const read = async () => (await buyer.readPayment(paymentId)).body.status;
  await untilHas(status, read, timeoutMs, `payment ${paymentId}`);
}

/** The failure names the status that was read last: that is the first question when a story fails. */
async function untilHas(status: string, read: () => Promise<string>, timeoutMs: number, what: string): Promise<void> {
  let last = '';
  await until(async () => (last = await read()) === status, {
    timeoutMs,
    description: `${what} to be ${status}`,
  }).catch((cause: Error) => {
    throw new Error(`${cause.message}; it is ${last}`, { cause });
  });
}

/** Resolves when the payment has `count` refunds, all of them final. @returns their reasons */
export async function untilRefunded(
  buyer: ShopClient,
  { paymentId }: Pick<PaymentAnswer, 'paymentId'>,
  count = 1,
  timeoutMs = WAIT_MS,
): Promise<string[]> {
  return until(
    async () => {
      const { refunds = [] } = (await buyer.readPayment(paymentId)).body;
      const isFinal = refunds.length === count && refunds.every(({ status }) => status === 'REFUNDED');
      return isFinal && refunds.map(({ reason }) => reason);
    },
    { timeoutMs, description: `${count} refund(s) of payment ${paymentId} to be final` },
  );
}
