import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PollChargesSweeper, RefundsSweeper } from '@rocketshop/pay';
import { createGate, openPayment, place, until, untilRefunded, untilStatus } from '@rocketshop/shop-testkit';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { callBack, paidEvent } from './provider-callbacks.js';

jest.setTimeout(60_000);

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}
/** Changes what pay hears of the provider. The provider has done its work by then. */
type Distortion = (exchange: Exchange) => Partial<Exchange> | Promise<Partial<Exchange>>;

/** The provider as pay hears it. It is the simulator, which never contradicts itself, behind a relay that makes it do so. */
class DistortedProvider {
  target = '';
  distort: Distortion = () => ({});

  private constructor(private readonly server: Server) {}

  static async start(): Promise<DistortedProvider> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        provider.exchange(request.method ?? '', request.url ?? '', request.headers, Buffer.concat(chunks)).then(
          ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
          () => response.destroy(),
        );
      });
    });
    const provider = new DistortedProvider(server);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async exchange(
    method: string,
    path: string,
    headers: NodeJS.Dict<string | string[]>,
    sent: Buffer,
  ): Promise<Exchange> {
    const answer = await fetch(`${this.target}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-merchant-key': String(headers['x-merchant-key']) },
      ...(method === 'GET' ? {} : { body: sent.toString() }),
    });
    const exchange = { method, path, status: answer.status, body: await answer.text() };
    return { ...exchange, ...(await this.distort(exchange)) };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let provider: DistortedProvider;
let shop: InProcessShop;
beforeAll(async () => {
  provider = await DistortedProvider.start();
  shop = await InProcessShop.start({
    env: {
      order: { UNPAID_TIMEOUT_MS: '100000000' },
      pay: {
        PROVIDER_URL: provider.url,
        // The stories begin the rounds themselves.
        CHARGE_INTERVAL_MS: '100000000',
        REFUND_INTERVAL_MS: '100000000',
      },
    },
  });
  provider.target = shop.urls.provider;
}, 120_000);
afterEach(() => {
  provider.distort = () => ({});
});
afterAll(async () => {
  await shop.stop();
  await provider.stop();
});

const newPayment = async () => openPayment(shop.buyer(), (await place(shop.buyer())).orderId);

async function payUntold(payment: PaymentAnswer, modes: object = {}): Promise<{ providerTxnId: string }> {
  const { body } = await shop.buyer().pay(payment, { ...modes, silent: true });
  const [transaction] = body['transactions'] as { providerTxnId: string }[];
  if (!transaction) throw new Error('the provider took no money');
  return transaction;
}

const isAbout = ({ path }: Exchange, { paymentId }: Pick<PaymentAnswer, 'paymentId'>) => path.includes(paymentId);
const isReading = ({ method }: Exchange) => method === 'GET';

/** Pay asks the provider about these payments, now and in one round. */
async function ask(...payments: readonly Pick<PaymentAnswer, 'paymentId'>[]): Promise<void> {
  const ids = payments.map(({ paymentId }) => paymentId);
  const isDue = 'UPDATE payments SET next_poll_at = now() WHERE payment_id = ANY ($1) AND next_poll_at IS NOT NULL';
  await shop.rows('pay', isDue, [ids]);
  await shop.part('pay', PollChargesSweeper).sweep();
}

const letRefundsBeDue = () => shop.rows('pay', `UPDATE refunds SET next_attempt_at = now() WHERE status = 'REQUESTED'`);

async function refundsOf(payment: PaymentAnswer): Promise<string[]> {
  await letRefundsBeDue();
  await shop.part('pay', RefundsSweeper).sweep();
  return untilRefunded(shop.buyer(), payment);
}

const away: Distortion = () => ({ status: 503, body: '{}' });

/** Pay cannot see the money while the order is cancelled. */
async function payAndCancel(payment: PaymentAnswer, told: Distortion = () => ({})): Promise<{ providerTxnId: string }> {
  provider.distort = away;
  const transaction = await payUntold(payment);
  await shop.buyer().cancelOrder(payment.orderId);
  await untilStatus(shop.buyer(), payment.orderId, 'CANCELLED');
  provider.distort = told;
  return transaction;
}

describe('a charge that the provider calls paid', () => {
  it.each([
    ['is unknown to its readers', { status: 404, body: '{"code":"CHARGE_NOT_FOUND"}' }],
    ['is unpaid for its readers', 'WAITING'],
    ['is paid without a transaction', 'PAID'],
  ])('and that %s for a while: the money goes back as soon as it shows', async (_what, seen) => {
    const payment = await newPayment();
    await payAndCancel(payment, (exchange) => {
      if (!isReading(exchange) || !isAbout(exchange, payment)) return {};
      if (typeof seen === 'object') return seen;
      return { body: JSON.stringify({ ...JSON.parse(exchange.body), state: seen, transactions: [] }) };
    });
    await ask(payment);
    provider.distort = () => ({});
    await ask(payment);
    expect(await refundsOf(payment)).toEqual(['LATE']);
  });

  it('with a wrong amount, which the provider corrects: the order is paid', async () => {
    const payment = await newPayment();
    provider.distort = (exchange) =>
      isReading(exchange) && isAbout(exchange, payment)
        ? { body: exchange.body.replaceAll(`"amount":"${payment.amount}"`, '"amount":"1"') }
        : {};
    await payUntold(payment);
    await ask(payment);
    expect((await shop.buyer().readOrder(payment.orderId)).body.status).toBe('CONFIRMED');
    provider.distort = () => ({});
    await ask(payment);
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
  });
});

describe('a charge that cannot be settled', () => {
  it('does not keep the charges of PAID orders from their last look', async () => {
    const stuck = await newPayment();
    const twice = await newPayment();
    provider.distort = (exchange) => (isAbout(exchange, stuck) ? { status: 200, body: '<html>busy</html>' } : {});
    const { providerTxnId } = await payUntold(twice, { chargeTwice: true });
    await callBack(shop, paidEvent(twice, { providerTxnId }));
    await untilStatus(shop.buyer(), twice.orderId, 'PAID');
    await ask(stuck, twice);
    expect(await refundsOf(twice)).toEqual(['DOUBLE']);
    provider.distort = () => ({});
    await shop.buyer().cancelOrder(stuck.orderId);
    await ask(stuck);
  });
});

describe('a refund', () => {
  it('of a database that was set back is not asked for a second time', async () => {
    const payment = await newPayment();
    const { providerTxnId } = await payAndCancel(payment);
    await callBack(shop, paidEvent(payment, { providerTxnId }));
    expect(await refundsOf(payment)).toEqual(['LATE']);
    await shop.rows('pay', 'DELETE FROM refunds WHERE payment_id = $1', [payment.paymentId]);
    await callBack(shop, paidEvent(payment, { providerTxnId }));
    expect(await refundsOf(payment)).toEqual(['LATE']);
  });
});

describe('pay, set back to before a cancel', () => {
  it('gives the money back that the buyer pays for the cancelled order', async () => {
    const payment = await newPayment();
    provider.distort = away;
    await shop.buyer().cancelOrder(payment.orderId);
    await untilStatus(shop.buyer(), payment.orderId, 'CANCELLED');
    await shop.rows('pay', `UPDATE payment_orders SET status = 'OPEN' WHERE order_id = $1`, [payment.orderId]);
    await shop.rows(
      'pay',
      `UPDATE payments SET status = 'PAYING', closed_at = NULL, next_poll_at = now() + interval '1 hour' WHERE payment_id = $1`,
      [payment.paymentId],
    );
    provider.distort = () => ({});
    await shop.buyer().pay(payment);
    await until(
      async () => (await shop.rows('pay', 'SELECT FROM refunds WHERE payment_id = $1', [payment.paymentId])).length > 0,
      {
        description: 'pay to hear that the order is cancelled',
      },
    );
    expect(await refundsOf(payment)).toEqual(['LATE']);
    expect((await shop.buyer().readOrder(payment.orderId)).body.status).toBe('CANCELLED');
  });
});

describe('a stop of pay', () => {
  it('waits for the refunds under way, and begins no others, while the provider takes its time', async () => {
    const gate = createGate();
    const held: string[] = [];
    const payments = [await newPayment(), await newPayment(), await newPayment()];
    for (const payment of payments) {
      const { providerTxnId } = await payAndCancel(payment);
      await callBack(shop, paidEvent(payment, { providerTxnId }));
    }
    const sweeper = shop.part('pay', RefundsSweeper, await shop.startReplica('pay'));
    provider.distort = async ({ path }) => {
      if (path === '/provider/refunds') held.push(path);
      await gate.opened;
      return away({} as Exchange);
    };
    await letRefundsBeDue();
    const round = sweeper.sweep();
    await until(() => held.length === payments.length);
    const stopped = sweeper.beforeApplicationShutdown();
    gate.open();
    await Promise.all([round, stopped]);
    await letRefundsBeDue();
    await sweeper.sweep();
    expect(held).toHaveLength(payments.length);
    provider.distort = () => ({});
    for (const payment of payments) expect(await refundsOf(payment)).toEqual(['LATE']);
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
