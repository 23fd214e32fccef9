import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createPool,
  FaultProxy,
  killAt,
  openPayment,
  place,
  SERVICES,
  ShopClient,
  ShopSystem,
  teapots,
  until,
  untilPaymentIs,
  untilReady,
  untilStatus,
  whenPassing,
} from '@rocketshop/shop-testkit';
import type { HttpAnswer, OrderAnswer, ServiceName } from '@rocketshop/shop-testkit';
import { expectInvariants } from '../support/expect-invariants.js';

jest.setTimeout(120_000);

const PROXIED = ['stock', 'coupon', 'user', 'pay'] as const;

let system: ShopSystem;
/** The proxy between buyers and the HTTP interface of order. */
let orderPage: FaultProxy;
let ada: ShopClient;
beforeAll(async () => {
  system = await ShopSystem.start({
    timeScale: 360,
    proxied: PROXIED,
    env: {
      order: {
        RPC_TIMEOUT_MS: '1000',
        FLOW_TIMEOUT_MS: '2000',
        // The stories wait until order gives a lost flow up, so it gives up soon. A flow takes some 30 ms.
        ABANDON_TIMEOUT_MS: '3000',
        // No timer and no sweep interferes with a story.
        UNPAID_TIMEOUT_MS: '86400000',
        ANSWER_OVERDUE_MS: '86400000',
      },
    },
  });
  orderPage = await FaultProxy.start({ port: system.port('order.http') });
  ada = await ShopClient.logIn({ ...system.urls, order: `http://127.0.0.1:${orderPage.port}` }, 'ada');
}, 180_000);
afterEach(() => {
  orderPage.heal();
  for (const service of PROXIED) system.proxy(service).heal();
});
afterAll(async () => {
  await orderPage?.stop();
  await system?.stop();
});

const killing = (program: ServiceName) => () => system.killProgram(program);

async function restart(program: ServiceName): Promise<void> {
  await system.startProgram(program);
  await untilReady(system.internalUrl(program));
}

/** Asks with the same key until the answer is final. */
async function askUntilDecided(key: string): Promise<HttpAnswer<OrderAnswer>> {
  return until(
    async () => {
      const answer = await ada.placeOrder(teapots(), key);
      return answer.status !== 409 && answer.headers.has('idempotency-replayed') && answer;
    },
    { timeoutMs: 60_000, intervalMs: 100, description: 'the key to have its answer' },
  );
}

describe('order, killed with -9', () => {
  it('after the confirm and before its answer: the retry is answered with the order, and there is one', async () => {
    const before = await ada.available('teapot');
    const key = randomUUID();
    const kill = killAt(
      orderPage,
      killing('order'),
      ({ direction, bytes }) => direction === 'answer' && bytes.includes('HTTP/1.1 201'),
    );
    await expect(ada.placeOrder(teapots(), key)).rejects.toThrow('fetch failed');
    await kill.done;
    orderPage.heal();
    await restart('order');
    const again = await ada.placeOrder(teapots(), key);
    expect([again.status, again.body.status, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      'CONFIRMED',
      'true',
    ]);
    expect(await ada.available('teapot')).toBe(before - 1);
  });

  it('after the pre-order: the abandon timer cancels, and the key tells', async () => {
    const before = await ada.available('teapot');
    const key = randomUUID();
    const kill = killAt(system.proxy('stock'), killing('order'), whenPassing('stock.deduct-stock', 'request'), 'pass');
    await expect(ada.placeOrder(teapots(), key)).rejects.toThrow('fetch failed');
    await kill.done;
    await restart('order');
    const told = await askUntilDecided(key);
    expect([told.status, told.body.code]).toEqual([410, 'ORDER_UNDONE']);
    await untilStatus(ada, told.body.orderId, 'CANCELLED');
    expect(await ada.available('teapot')).toBe(before);
  });

  it('with messages in its outbox that the broker was not there for: they leave afterwards, in their order', async () => {
    await system.killProgram('broker');
    const { orderId } = await place(ada);
    expect((await ada.cancelOrder(orderId)).status).toBe(202);
    await system.killProgram('order');
    await system.startProgram('broker');
    await restart('order');
    await untilStatus(ada, orderId, 'CANCELLED');

    const pool = createPool(system.databaseUrl('order'), { max: 1 });
    const { rows } = await pool.query<{ topic: string; sent: number }>(
      `SELECT topic, extract(epoch FROM sent_at)::float8 AS sent FROM outbox WHERE order_key = $1 ORDER BY id`,
      [orderId],
    );
    await pool.end();
    expect(rows.map(({ topic }) => topic)).toEqual(['abandon-order', 'close-unpaid-order', 'order-cancelled']);
    const sent = rows.map((row) => row.sent);
    expect(sent).toEqual(sent.toSorted((a, b) => a - b));
  });
});

describe('pay, killed with -9 after the callback was committed', () => {
  it('loses nothing: its outbox tells order when it is back', async () => {
    const { orderId } = await place(ada);
    const payment = await openPayment(ada, orderId);
    await system.killProgram('broker');
    await ada.pay(payment, { duplicates: 4 });
    await untilPaymentIs(ada, payment, 'PAID');
    await system.killProgram('pay');
    await system.startProgram('broker');
    await restart('pay');
    await untilStatus(ada, orderId, 'PAID');
    expect((await ada.readPayment(payment.paymentId)).body.refunds).toEqual([]);
  });
});

describe.each([
  ['stock', 'stock.deduct-stock'],
  ['coupon', 'coupon.use-coupon'],
  ['user', 'user.deduct-balance'],
] as const)('%s, killed with -9', (service, pattern) => {
  it.each(['request', 'answer'] as const)(
    'when the %s of its part passes: the order is undone to the last cent',
    async (when) => {
      const before = [await ada.available('teapot'), await ada.balance()];
      const kill = killAt(system.proxy(service), killing(service), whenPassing(pattern, when));
      const { status, body } = await ada.placeOrder({ ...teapots(2), couponId: 'ada-two', balanceToUse: '100' });
      expect([status, body.code]).toEqual([410, 'ORDER_UNDONE']);
      await kill.done;
      expect((await ada.readOrder(body.orderId)).body.status).toBe('CANCELLING');
      system.proxy(service).heal();
      await restart(service);
      await untilStatus(ada, body.orderId, 'CANCELLED');
      expect([await ada.available('teapot'), await ada.balance()]).toEqual(before);
    },
  );
});

describe('pay, killed with -9', () => {
  it('when it has closed the payment and order has not heard: the cancel is being decided, and the next request decides', async () => {
    const { orderId } = await place(ada);
    await openPayment(ada, orderId);
    const kill = killAt(system.proxy('pay'), killing('pay'), whenPassing('pay.close-payment', 'answer'));
    expect((await ada.cancelOrder(orderId)).body.status).toBe('CONFIRMED');
    await kill.done;
    system.proxy('pay').heal();
    await restart('pay');
    expect((await ada.cancelOrder(orderId)).status).toBe(202);
    await untilStatus(ada, orderId, 'CANCELLED');
  });

  it('when its answer to a callback passes: the provider tells again, and it counts once', async () => {
    const callbacks = await FaultProxy.start({ port: system.port('pay.http') });
    const origins = [`http://127.0.0.1:${callbacks.port}`, system.url('pay')];
    await system.restartProgram('pay-provider', { CALLBACK_ALLOW: origins.join(',') });
    await system.killProgram('pay');
    await system.startProgram('pay', 0, { CALLBACK_URL: `http://127.0.0.1:${callbacks.port}/payments/callback` });
    const { orderId } = await place(ada);
    const payment = await openPayment(ada, orderId);
    const kill = killAt(callbacks, killing('pay'), ({ direction }) => direction === 'answer');
    await ada.pay(payment);
    await until(() => kill.done !== undefined, { description: 'the callback to be answered' });
    await kill.done;
    callbacks.heal();
    await restart('pay');
    await untilStatus(ada, orderId, 'PAID');
    expect((await ada.readPayment(payment.paymentId)).body).toMatchObject({ status: 'PAID', refunds: [] });
    await callbacks.stop();
  });
});

describe('stock, killed with -9 during a cancel', () => {
  it('keeps the order in CANCELLING until it is back', async () => {
    const { orderId } = await place(ada, teapots(2));
    await system.killProgram('stock');
    await ada.cancelOrder(orderId);
    expect((await ada.readOrder(orderId)).body.status).toBe('CANCELLING');
    await restart('stock');
    await untilStatus(ada, orderId, 'CANCELLED');
  });
});

/** Places orders one after the other and repeats each until it is decided. `breaking` runs beside it from order `breakAt` on. */
async function orderThrough(count: number, breakAt: number, breaking: () => Promise<void>): Promise<string[]> {
  const statuses: string[] = [];
  let broken: Promise<void> | undefined;
  for (let index = 0; index < count; index++) {
    if (index === breakAt) broken = breaking();
    const key = randomUUID();
    const answer = await until(
      async () => {
        const attempt = await ada.placeOrder(teapots(), key);
        const isUndecided =
          attempt.status === 409 || ['ORDER_NOT_PLACED', 'ORDER_UNDECIDED'].includes(attempt.body.code ?? '');
        return !isUndecided && attempt.status !== 500 && attempt;
      },
      { timeoutMs: 60_000, intervalMs: 100, description: 'an order to be decided' },
    );
    statuses.push(answer.body.status);
    if (answer.status === 201 && index % 2 === 0) {
      await until(async () => (await ada.cancelOrder(answer.body.orderId)).status === 202, { timeoutMs: 60_000 });
    }
  }
  await broken;
  return statuses;
}

describe('what all services stand on', () => {
  it('the broker, killed with -9 under way and started again: nothing is lost', async () => {
    const statuses = await orderThrough(12, 3, async () => {
      await system.killProgram('broker');
      await system.startProgram('broker');
    });
    expect(new Set(statuses)).toEqual(new Set(['CONFIRMED']));
    await expectInvariants(system, 60_000);
  });

  it('PostgreSQL, crashed under way and recovered: nothing is lost, and every key is answered', async () => {
    await orderThrough(12, 3, () => system.crashPostgres());
    await expectInvariants(system, 60_000);
  });

  it('is shown by readiness: without a broker a service serves on, without its database it does not', async () => {
    const ready = async () =>
      (await fetch(`${system.internalUrl('stock')}/health/ready`)).json() as Promise<{
        status: string;
        details: Record<string, { status: string }>;
      }>;
    await system.killProgram('broker');
    await until(async () => (await ready()).details['broker']?.status === 'degraded', {
      description: 'the broker to be missed',
    });
    expect((await fetch(`${system.internalUrl('stock')}/health/ready`)).status).toBe(200);
    expect((await ada.placeOrder(teapots())).status).toBe(201);
    await system.startProgram('broker');
    await until(async () => (await ready()).details['broker']?.status === 'up', {
      timeoutMs: 30_000,
      description: 'the broker to be seen again',
    });
    await system.crashPostgres(() =>
      until(async () => (await fetch(`${system.internalUrl('stock')}/health/ready`)).status === 503, {
        description: 'the database to be missed',
      }).then(() => undefined),
    );
    await untilReady(system.internalUrl('stock'));
  });
});

it('has told no secret in its logs', () => {
  const logs = SERVICES.flatMap((service) => system.process(service).lines).join('\n');
  expect(logs).toMatch(/"msg"/);
  expect(logs).not.toMatch(/demo-only|Bearer |postgres:\/\//);
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(system, 60_000));
