import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  holdAnswers,
  openPayment,
  place,
  repositoryRoot,
  request,
  until,
  untilRefunded,
  untilStatus,
} from '@rocketshop/shop-testkit';
import type { HttpAnswer, PaymentAnswer } from '@rocketshop/shop-testkit';
import { InProcessShop, MERCHANT_KEY } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { ASKS_SOON, callBack, paidEvent, paidMessages, payUntold } from './provider-callbacks.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start({ env: ASKS_SOON });
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const newPayment = async () => openPayment(shop.buyer(), (await place(shop.buyer())).orderId);

const provider = (method: string, path: string, body?: object): Promise<HttpAnswer> =>
  request(`${shop.urls.provider}/provider/${path}`, { method, body, headers: { 'x-merchant-key': MERCHANT_KEY } });

/** The charge as the provider has it. */
const chargeOf = async ({ paymentId }: Pick<PaymentAnswer, 'paymentId'>) =>
  (await provider('GET', `merchants/rocketshop/payments/${paymentId}`)).body as { state?: string; payUrl?: string };

const untilChargeIs = (payment: Pick<PaymentAnswer, 'paymentId'>, state: string) =>
  until(async () => (await chargeOf(payment)).state === state, { description: `the charge to be ${state}` });

/** Resolves when pay asks no more about the payment's charge. */
const untilFinal = ({ paymentId }: Pick<PaymentAnswer, 'paymentId'>) =>
  until(
    async () => {
      const [row] = await shop.rows<{ final: boolean }>(
        'pay',
        'SELECT next_poll_at IS NULL AS final FROM payments WHERE payment_id = $1',
        [paymentId],
      );
      return row?.final === true;
    },
    { description: 'the charge to be final' },
  );

/** A payment whose charge the provider has, and pay does not know. */
async function withLostAnswer(): Promise<PaymentAnswer> {
  const { orderId } = await place(shop.buyer());
  shop.providerProxy.use(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
  expect((await shop.buyer().openPayment(orderId)).status).toBe(503);
  shop.heal();
  const [created] = (await shop.buyer().listPayments(orderId)).body;
  if (created?.status !== 'CREATED') throw new Error(`the payment of ${orderId} is ${created?.status}`);
  return created;
}

describe('money that nobody tells pay of', () => {
  it('pays the order all the same', async () => {
    const payment = await newPayment();
    await payUntold(shop, payment);
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    expect(await paidMessages(shop, payment.orderId)).toBe(1);
    await untilFinal(payment);
  });

  it('counts once, although the callback comes later', async () => {
    const payment = await newPayment();
    const [transaction] = await payUntold(shop, payment);
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    const late = paidEvent(payment, { providerTxnId: transaction?.providerTxnId ?? '' });
    expect((await callBack(shop, late)).body.outcome).toBe('ALREADY_COUNTED');
    expect(await paidMessages(shop, payment.orderId)).toBe(1);
  });

  it('was taken twice: one pays, one goes back', async () => {
    const payment = await newPayment();
    await payUntold(shop, payment, { chargeTwice: true });
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    expect(await untilRefunded(shop.buyer(), payment)).toEqual(['DOUBLE']);
  });

  it('was taken twice, and only the first was told: the second goes back', async () => {
    const payment = await newPayment();
    const [first] = await payUntold(shop, payment, { chargeTwice: true });
    const told = paidEvent(payment, { providerTxnId: first?.providerTxnId ?? '' });
    await callBack(shop, told);
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    expect(await untilRefunded(shop.buyer(), payment)).toEqual(['DOUBLE']);
  });

  it('was paid for a charge whose id pay does not know', async () => {
    const payment = await withLostAnswer();
    const { payUrl = null } = await chargeOf(payment);
    await payUntold(shop, { payUrl });
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
  });
});

describe('a cancel', () => {
  it('finds the money that nobody has told: the order is paid', async () => {
    const payment = await newPayment();
    await payUntold(shop, payment);
    const { status, body } = await shop.buyer().cancelOrder(payment.orderId);
    expect([status, body.code]).toEqual([409, 'ORDER_ALREADY_PAID']);
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    expect((await shop.buyer().readPayment(payment.paymentId)).body.refunds).toEqual([]);
  });

  it('makes the charge void: the pay page says so', async () => {
    const payment = await newPayment();
    await shop.buyer().cancelOrder(payment.orderId);
    await untilChargeIs(payment, 'VOID');
    const { status, body } = await shop.buyer().pay(payment);
    expect([status, body['code']]).toEqual([409, 'CHARGE_VOID']);
    await untilFinal(payment);
  });

  it('makes a charge void whose id pay does not know', async () => {
    const payment = await withLostAnswer();
    await shop.buyer().cancelOrder(payment.orderId);
    await untilChargeIs(payment, 'VOID');
  });

  it('lets no charge be opened by a request that is still under way', async () => {
    const { orderId } = await place(shop.buyer());
    shop.providerProxy.use(() => 'cut');
    expect((await shop.buyer().openPayment(orderId)).status).toBe(503);
    shop.heal();
    const [payment] = (await shop.buyer().listPayments(orderId)).body;
    if (!payment) throw new Error('there is no payment');
    await shop.buyer().cancelOrder(orderId);
    await untilFinal(payment);
    const { paymentId, amount } = payment;
    const late = { merchantId: 'rocketshop', paymentId, orderId, amount, currency: 'EUR', callbackUrl: shop.urls.pay };
    const { status, body } = await provider('POST', 'charges', late);
    expect([status, body['code']]).toEqual([409, 'CHARGE_VOID']);
  });

  it.each([
    ['refuses connections', () => shop.providerProxy.partition()],
    ['takes requests and never answers', () => void holdAnswers(shop.providerProxy)],
  ])('succeeds while the provider %s; the void follows', async (_what, fault) => {
    const payment = await newPayment();
    fault();
    const { status } = await shop.buyer().cancelOrder(payment.orderId);
    expect(status).toBeLessThan(300);
    await untilStatus(shop.buyer(), payment.orderId, 'CANCELLED');
    shop.heal();
    await untilChargeIs(payment, 'VOID');
    await untilFinal(payment);
  });

  it('that did not see the money gives it back, when the void comes too late', async () => {
    const payment = await newPayment();
    shop.providerProxy.partition();
    await shop.buyer().cancelOrder(payment.orderId);
    await payUntold(shop, payment);
    shop.heal();
    expect(await untilRefunded(shop.buyer(), payment)).toEqual(['LATE']);
    await untilStatus(shop.buyer(), payment.orderId, 'CANCELLED');
    await untilFinal(payment);
  });
});

describe('a payment that was opened under other settings', () => {
  it('is opened again with what its charge was requested with', async () => {
    const created = await withLostAnswer();
    const moved = await shop.startReplica('pay', {
      CALLBACK_URL: 'http://127.0.0.1:1/moved',
      MERCHANT_ID: 'renamed',
      CHARGE_FIRST_POLL_MS: '100000000',
      CHARGE_LONGEST_POLL_MS: '100000000',
    });
    const buyer = shop.buyer('ada', undefined, { pay: shop.urlOf('pay', moved) });
    const { status, body } = await buyer.openPayment(created.orderId);
    expect([status, body.status, body.paymentId]).toEqual([201, 'PAYING', created.paymentId]);
    // It is the one charge, not another one of the renamed merchant.
    expect(body.payUrl).toBe((await chargeOf(created)).payUrl);
    const told = paidEvent(created, { providerTxnId: `txn-${randomUUID()}` });
    const [transaction] = await payUntold(shop, body);
    const event = { ...told, providerTxnId: transaction?.providerTxnId ?? '' };
    expect((await callBack(shop, event, {}, moved)).body.outcome).toMatch(/PAID|ALREADY_COUNTED/);
    await untilStatus(shop.buyer(), created.orderId, 'PAID');
  });

  it('and whose settings were not kept, by an older version, is opened again with its own charge', async () => {
    const created = await withLostAnswer();
    await shop.rows('pay', 'UPDATE payments SET merchant_id = NULL, callback_url = NULL WHERE payment_id = $1', [
      created.paymentId,
    ]);
    const moved = await shop.startReplica('pay', { CALLBACK_URL: 'http://127.0.0.1:1/moved' });
    const buyer = shop.buyer('ada', undefined, { pay: shop.urlOf('pay', moved) });
    const { status, body } = await buyer.openPayment(created.orderId);
    expect([status, body.paymentId, body.payUrl]).toEqual([201, created.paymentId, (await chargeOf(created)).payUrl]);
  });
});

describe('npm run reconcile', () => {
  const program = join(repositoryRoot, 'tools/dist/reconcile/reconcile.main.js');
  const reconcile = (env: Readonly<Record<string, string>> = {}) => {
    const urls = Object.entries(shop.databaseUrls).map(([name, url]) => [`${name.toUpperCase()}_DATABASE_URL`, url]);
    const { url, merchantKey } = shop.providerEndpoint;
    const given = { ...Object.fromEntries(urls), PROVIDER_URL: url, MERCHANT_KEY: merchantKey, ...env };
    return new Promise<{ code: number; output: string }>((resolve) => {
      execFile(process.execPath, [program], { env: { ...process.env, ...given } }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
      );
    });
  };

  it('ends with 0 when the bill and our records agree, and with 1 and the difference when they do not', async () => {
    await expectInvariants(shop);
    expect(await reconcile()).toMatchObject({ code: 0, output: expect.stringContaining('0 differences') });
    const forget = `UPDATE refunds SET provider_txn_id = $2 WHERE provider_txn_id = $1 RETURNING order_id`;
    const [{ lost } = { lost: '' }] = await shop.rows<{ lost: string }>(
      'pay',
      'SELECT provider_txn_id AS lost FROM refunds LIMIT 1',
    );
    await shop.rows('pay', forget, [lost, 'forgotten']);
    const { code, output } = await reconcile();
    await shop.rows('pay', forget, ['forgotten', lost]);
    expect([code, output]).toEqual([1, expect.stringContaining(`PAID_THERE_UNKNOWN_HERE`)]);
    expect(output).toContain(lost);
  });

  it('ends with 2 when it cannot read, for example with a wrong key', async () => {
    const { code, output } = await reconcile({ MERCHANT_KEY: 'merchant-key-of-somebody-else' });
    expect([code, output]).toEqual([2, expect.stringContaining('401')]);
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
