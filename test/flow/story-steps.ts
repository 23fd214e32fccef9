import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Cart, OrderAnswer, PaymentAnswer, ShopClient } from '../support/shop-client.js';
import { until } from '../support/until.js';
import type { BoxedShop } from './boxed-shop.js';

export const teapots = (quantity = 1): Cart => ({ items: [{ goodsId: 'teapot', quantity }] });

/** An order, confirmed. */
export async function place(
  buyer: ShopClient,
  cart: Cart = teapots(),
  key: string = randomUUID(),
): Promise<OrderAnswer> {
  const { status, body } = await buyer.placeOrder(cart, key);
  expect({ status, code: body.code }).toEqual({ status: 201, code: undefined });
  return body;
}

/** The payment of an order, with a page to pay at. */
export async function openPayment(buyer: ShopClient, orderId: string): Promise<PaymentAnswer> {
  const { status, body } = await buyer.openPayment(orderId);
  expect({ status, code: body.code }).toEqual({ status: 201, code: undefined });
  return body;
}

export async function untilStatus(
  buyer: ShopClient,
  orderId: string,
  status: string,
  timeoutMs = 30_000,
): Promise<void> {
  await until(async () => (await buyer.readOrder(orderId)).body.status === status, {
    timeoutMs,
    description: `order ${orderId} to be ${status}`,
  });
}

/** From now on every change of an order's status is written down. */
export async function recordTransitions(shop: Pick<BoxedShop, 'rows'>): Promise<void> {
  await shop.rows('order', 'CREATE TABLE transitions (id serial, order_id uuid, change text)');
  await shop.rows(
    'order',
    `CREATE FUNCTION record_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO transitions (order_id, change) VALUES (NEW.order_id, OLD.status || ' -> ' || NEW.status);
       RETURN NEW; END $$`,
  );
  await shop.rows(
    'order',
    `CREATE TRIGGER record_transition AFTER UPDATE ON orders FOR EACH ROW
     WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION record_transition()`,
  );
}

export async function transitionsOf(shop: Pick<BoxedShop, 'rows'>, orderId: string): Promise<string[]> {
  const rows = await shop.rows<{ change: string }>(
    'order',
    'SELECT change FROM transitions WHERE order_id = $1 ORDER BY id',
    [orderId],
  );
  return rows.map(({ change }) => change);
}

/** The order's row, whoever may see it. */
export async function orderRow(shop: Pick<BoxedShop, 'rows'>, orderId: string): Promise<Record<string, unknown>> {
  const [row] = await shop.rows<Record<string, unknown>>('order', 'SELECT * FROM orders WHERE order_id = $1', [
    orderId,
  ]);
  return row ?? {};
}
