import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { expectInvariants } from '../support/expect-invariants.js';
import { createPool, SERVICES, ShopClient, ShopSystem, teapots, until } from '@rocketshop/shop-testkit';
import type { Cart, HttpAnswer, OrderAnswer, PaymentAnswer, PayOptions } from '@rocketshop/shop-testkit';

jest.setTimeout(180_000);

const ORDERS = 100;
const WAIT = { timeoutMs: 90_000, intervalMs: 100 };

let system: ShopSystem;
/** Ada, Grace and Linus. Each has a client of the first replicas and a client of the second replicas. */
let buyers: ShopClient[][];
beforeAll(async () => {
  system = await ShopSystem.start({ replicas: 2, timeScale: 360, redis: false });
  const second = { ...system.urls, order: system.url('order', 1), pay: system.url('pay', 1) };
  buyers = await Promise.all(
    ['ada', 'grace', 'linus'].map((user) =>
      Promise.all([system.urls, second].map((urls) => ShopClient.logIn(urls, user))),
    ),
  );
}, 180_000);
afterAll(async () => {
  await system?.stop();
});

/** A buyer that repeats each request until it is answered, and uses the other replica with each attempt. */
class RetryingBuyer {
  private attempt: number;

  constructor(
    private readonly atReplicas: readonly ShopClient[],
    first: number,
  ) {
    this.attempt = first;
  }

  place(cart: Cart): Promise<HttpAnswer<OrderAnswer>> {
    const key = randomUUID();
    return this.until('an order to be decided', async (client) => {
      const answer = await client.placeOrder(cart, key);
      const { code = '' } = answer.body;
      return !['IDEMPOTENCY_KEY_PENDING', 'ORDER_NOT_PLACED', 'ORDER_UNDECIDED'].includes(code) && answer;
    });
  }

  open(orderId: string): Promise<PaymentAnswer | null> {
    return this.until('a payment to be open', async (client) => {
      const { status, body } = await client.openPayment(orderId);
      // The timer has closed the order: this buyer was too slow.
      return status === 201 ? { payment: body } : status === 409 && { payment: null };
    }).then(({ payment }) => payment);
  }

  cancel(orderId: string): Promise<unknown> {
    return this.until('an order to be cancelled', async (client) =>
      [202, 409].includes((await client.cancelOrder(orderId)).status),
    );
  }

  statusOf(orderId: string): Promise<string> {
    return this.until('an order to be read', async (client) => (await client.readOrder(orderId)).body.status);
  }

  pay(payment: PaymentAnswer, options: PayOptions): Promise<unknown> {
    return this.until('the money to be taken', (client) => client.pay(payment, options));
  }

  untilRefunded(payment: PaymentAnswer): Promise<unknown> {
    return this.until('the money to be back', async (client) => {
      const { refunds = [] } = (await client.readPayment(payment.paymentId)).body;
      return refunds.some(({ status }) => status === 'REFUNDED');
    });
  }

  /** Uses the next replica with every attempt. */
  private until<T>(description: string, ask: (client: ShopClient) => Promise<T>) {
    return until(() => ask(this.atReplicas[this.attempt++ % this.atReplicas.length]!), { ...WAIT, description });
  }
}

/** Plays buyer number `index`. @returns the id of the order when there is one */
async function playBuyer(index: number): Promise<string | undefined> {
  const buyer = new RetryingBuyer(buyers[index % buyers.length]!, index);
  const cart: Cart =
    index % 10 === 7
      ? { items: [{ goodsId: 'lantern', quantity: 2 }] }
      : {
          ...teapots(1 + (index % 2)),
          ...(index % 9 === 0 ? { couponId: 'ada-five' } : {}),
          ...(index % 6 === 0 ? { balanceToUse: '300' } : {}),
        };
  const { status, body } = await buyer.place(cart);
  if (status !== 201) return undefined;
  const { orderId } = body;
  if (index % 5 === 1) await buyer.cancel(orderId);
  else if (index % 5 !== 2) {
    const payment = await buyer.open(orderId);
    if (payment?.payUrl) await buyer.pay(payment, { duplicates: index % 3, chargeTwice: index % 8 === 3 });
  }
  return orderId;
}

describe('two replicas of each service', () => {
  it('take a hundred mixed orders while one replica of each is killed with -9 and started again', async () => {
    const orders: (string | undefined)[] = [];
    const restarts: Promise<void>[] = [];
    const killing = (async () => {
      for (const [index, service] of SERVICES.entries()) {
        await until(() => orders.length >= 10 + 15 * index, { ...WAIT, description: 'more orders' });
        await system.killProgram(service, index % 2);
        restarts.push(system.startProgram(service, index % 2));
      }
      await Promise.all(restarts);
    })();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < ORDERS) orders.push(await playBuyer(next++));
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    await killing;

    const made = orders.filter((orderId) => orderId !== undefined);
    expect(made.length).toBeGreaterThan(ORDERS / 3);
    const pool = createPool(system.databaseUrl('order'), { max: 1 });
    await until(
      async () => {
        const { rowCount } = await pool.query(`SELECT FROM orders WHERE status NOT IN ('PAID', 'CANCELLED')`);
        return rowCount === 0;
      },
      { ...WAIT, description: 'every order to be PAID or CANCELLED' },
    );
    await pool.end();
    await expectInvariants(system, 60_000);
  });

  it('pay and cancel of one order at the same moment: it ends PAID, or CANCELLED with the money on its way back', async () => {
    const ends = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const [here, there] = [new RetryingBuyer(buyers[2]!, 0), new RetryingBuyer(buyers[2]!, 1)];
        const { status, body } = await here.place({ items: [{ goodsId: 'teapot', quantity: 1 }] });
        if (status !== 201) return 'no order';
        const payment = await here.open(body.orderId);
        if (!payment) return 'closed before';
        const race = [() => here.pay(payment, { duplicates: 1 }), () => there.cancel(body.orderId)];
        await Promise.all((index % 2 ? race : race.toReversed()).map((run) => run()));
        const end = await until(async () => {
          const status = await here.statusOf(body.orderId);
          return (status === 'PAID' || status === 'CANCELLED') && status;
        }, WAIT);
        if (end === 'CANCELLED') await here.untilRefunded(payment);
        return end;
      }),
    );
    expect(ends.filter((end) => end === 'PAID' || end === 'CANCELLED').length).toBeGreaterThan(0);
    await expectInvariants(system, 60_000);
  });
});
