import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import {
  createGate,
  until,
  type Cart,
  type FaultProxy,
  type OrderAnswer,
  type PaymentAnswer,
  type ServiceName,
  type ShopClient,
  type Verdict,
} from '@rocketshop/shop-testkit';
import type { BoxedShop } from '@rocketshop/shop-testkit/in-process';

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

export async function untilPaymentIs(
  buyer: ShopClient,
  { paymentId }: Pick<PaymentAnswer, 'paymentId'>,
  status: string,
): Promise<void> {
  await until(async () => (await buyer.readPayment(paymentId)).body.status === status, {
    timeoutMs: 30_000,
    description: `payment ${paymentId} to be ${status}`,
  });
}

/** Resolves when the payment has `count` refunds, all of them final. @returns their reasons */
export async function untilRefunded(
  buyer: ShopClient,
  { paymentId }: Pick<PaymentAnswer, 'paymentId'>,
  count = 1,
): Promise<string[]> {
  return until(
    async () => {
      const { refunds = [] } = (await buyer.readPayment(paymentId)).body;
      const isFinal = refunds.length === count && refunds.every(({ status }) => status === 'REFUNDED');
      return isFinal && refunds.map(({ reason }) => reason);
    },
    { timeoutMs: 30_000, description: `${count} refund(s) of payment ${paymentId} to be final` },
  );
}

export interface HeldFlow<T> {
  readonly orderId: string;
  /** What the buyer is answered. Settles only after `goOn`, or when the flow gives up. */
  readonly answer: Promise<T>;
  /** Lets the request through to stock. */
  readonly goOn: () => Promise<T>;
}

/** Stops the order flow that `placing` starts between pre-order and deduct: the request to stock is held back. */
export async function holdBeforeDeduct<T>(shop: BoxedShop, placing: () => Promise<T>): Promise<HeldFlow<T>> {
  const gate = createGate();
  let orderId = '';
  shop.rpcProxies.stock.use(async ({ direction, bytes }): Promise<Verdict> => {
    const [, id] = /deduct-stock.*"orderId":"([0-9a-f-]{36})"/.exec(bytes.toString()) ?? [];
    if (direction === 'answer' || !id) return 'pass';
    orderId = id;
    await gate.opened;
    return 'pass';
  });
  const answer = placing();
  await until(() => orderId !== '', { description: 'the flow to reach its deduct' });
  return {
    orderId,
    answer,
    goOn: () => {
      gate.open();
      return answer;
    },
  };
}

export interface HeldAnswers {
  /** Resolves when `count` answers are there, and held. */
  readonly reached: (count?: number) => Promise<void>;
  readonly release: () => void;
}

/** Holds the answers that come through `proxy`: what was asked for has happened, and who asked does not know yet. */
export function holdAnswers(proxy: FaultProxy): HeldAnswers {
  const gate = createGate();
  const held = new Set<number>();
  proxy.use(async ({ direction, connection }): Promise<Verdict> => {
    if (direction === 'request') return 'pass';
    held.add(connection);
    await gate.opened;
    return 'pass';
  });
  return {
    reached: async (count = 1) => {
      await until(() => held.size >= count, { description: `${count} answer(s) to be held` });
    },
    release: () => gate.open(),
  };
}

export interface WithheldMessages {
  /** They are sent after all. */
  release(): Promise<void>;
}

/** Messages of a topic are written and never sent, as if they had been lost on the way; until released, if ever. */
export async function withhold(
  shop: Pick<BoxedShop, 'rows'>,
  service: ServiceName,
  topic: string,
): Promise<WithheldMessages> {
  await shop.rows(
    service,
    `CREATE OR REPLACE FUNCTION withhold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       NEW.sent_at := 'epoch'; RETURN NEW; END $$`,
  );
  await shop.rows(
    service,
    `CREATE TRIGGER withhold BEFORE INSERT ON outbox FOR EACH ROW
     WHEN (NEW.topic = '${topic}') EXECUTE FUNCTION withhold()`,
  );
  return {
    release: async () => {
      await shop.rows(service, 'DROP TRIGGER withhold ON outbox');
      await shop.rows(service, `UPDATE outbox SET sent_at = NULL WHERE sent_at = 'epoch'`);
    },
  };
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
