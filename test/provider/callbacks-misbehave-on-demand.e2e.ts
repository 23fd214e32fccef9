import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PayProviderModule, loadPayProviderConfig } from '@rocketshop/pay-provider';
import { createService } from '@rocketshop/service-defaults';
import type { Service } from '@rocketshop/service-defaults';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { until } from '@rocketshop/shop-testkit';

const SECRETS = ['new-secret-of-the-provider', 'old-secret-of-the-provider'];
const MERCHANT_KEY = 'merchant-key-of-these-stories';
const logger = pino({ level: 'silent' });

interface Received {
  readonly eventId: string;
  readonly type: string;
  readonly amount: string;
  readonly providerTxnId: string;
  /** Age of the signature, in steps of ten seconds. */
  readonly ageSeconds: number;
  /** The secrets for which the header has a correct v1. */
  readonly validSecrets: number;
}

let folder: string;
let provider: Service;
let receiver: Server;
let received: Received[];
/** The statuses of the next answers; later answers are 204. 0 means no answer. */
let answers: number[];
/** Requests to another path than that of the callbacks. */
let redirected: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'provider-'));
  received = [];
  answers = [];
  redirected = 0;
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(read(String(request.headers['x-pay-signature']), Buffer.concat(chunks).toString()));
      const status = answers.shift() ?? 204;
      if (request.url !== '/payments/callback') redirected++;
      if (status === 0) request.socket.destroy();
      else response.writeHead(status, status === 307 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  provider = await startProvider();
});

afterEach(async () => {
  await provider.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const receiverOrigin = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

function startProvider(): Promise<Service> {
  const config = loadPayProviderConfig({
    HTTP_PORT: '0',
    INTERNAL_PORT: '0',
    DRAIN_MS: '0',
    DEMO_DATA: 'true',
    DATA_FILE: join(folder, 'ledger.jsonl'),
    CALLBACK_SECRETS: SECRETS.join(','),
    MERCHANT_KEY,
    CALLBACK_ALLOW: receiverOrigin(),
    TIME_SCALE: '1000',
  });
  return createService({ name: 'pay-provider', config, module: PayProviderModule.forRoot(config), logger });
}

function read(header: string, rawBody: string): Received {
  const [time = '', ...signatures] = header.split(',');
  const unixSeconds = Number(time.replace('t=', ''));
  const expected = SECRETS.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${unixSeconds}.${rawBody}`).digest('hex')}`,
  );
  const body = JSON.parse(rawBody) as Received;
  const validSecrets = expected.filter((signature) => signatures.includes(signature)).length;
  return { ...body, validSecrets, ageSeconds: Math.round((Date.now() / 1000 - unixSeconds) / 10) * 10 };
}

async function call<T>(
  path: string,
  body?: unknown,
  key: string | undefined = MERCHANT_KEY,
): Promise<{ status: number; body: T }> {
  const response = await fetch(new URL(path, provider.httpUrl), {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'x-merchant-key': key }) },
  });
  return { status: response.status, body: (await response.json()) as T };
}

interface Charge {
  chargeId: string;
  state: string;
  payUrl: string;
  transactions: { providerTxnId: string }[];
  callbacks: { eventId: string; state: string }[];
}

const CHARGE = { merchantId: 'shop', paymentId: 'payment-1', orderId: 'order-1', amount: '1250', currency: 'EUR' };

async function createCharge(): Promise<Charge> {
  const callbackUrl = `${receiverOrigin()}/payments/callback`;
  return (await call<Charge>('/provider/charges', { ...CHARGE, callbackUrl })).body;
}

const pay = async ({ payUrl }: Charge, modes: object = {}): Promise<Charge> => (await call<Charge>(payUrl, modes)).body;
const read1 = async ({ chargeId }: Charge): Promise<Charge> =>
  (await call<Charge>(`/provider/charges/${chargeId}`)).body;
const settledAs = (charge: Charge, state: string): Promise<unknown> =>
  until(async () => (await read1(charge)).callbacks.every((callback) => callback.state === state));

describe('the provider', () => {
  it('takes a charge once, lets the buyer pay, and tells the shop with a signature of each secret', async () => {
    const charge = await createCharge();
    expect(charge).toMatchObject({ state: 'WAITING', payUrl: expect.stringContaining(`/${charge.chargeId}/pay`) });
    expect(await createCharge()).toEqual(charge);
    const paid = await pay(charge);
    expect(paid.state).toBe('PAID');
    await settledAs(charge, 'DELIVERED');
    expect(received).toMatchObject([{ type: 'payment.succeeded', amount: '1250', validSecrets: 2, ageSeconds: 0 }]);
  });

  it('tries again on a refusal, on no answer, until it is accepted', async () => {
    answers = [500, 0, 409];
    const charge = await createCharge();
    await pay(charge);
    await settledAs(charge, 'DELIVERED');
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ eventId }) => eventId)).size).toBe(1);
  });

  it('sends duplicates at the same time, and charges twice', async () => {
    const charge = await createCharge();
    const paid = await pay(charge, { duplicates: 4, chargeTwice: true });
    await until(() => received.length === 10);
    expect(new Set(received.map(({ providerTxnId }) => providerTxnId))).toEqual(
      new Set(paid.transactions.map(({ providerTxnId }) => providerTxnId)),
    );
  });

  it('sends the callbacks of two transactions in the wrong order', async () => {
    const charge = await createCharge();
    const paid = await pay(charge, { chargeTwice: true, reversed: true });
    await settledAs(charge, 'DELIVERED');
    expect(received.map(({ providerTxnId }) => providerTxnId)).toEqual(
      paid.transactions.map(({ providerTxnId }) => providerTxnId).toReversed(),
    );
  });

  it('holds a callback until it is asked for, and repeats it as often as asked', async () => {
    const charge = await createCharge();
    await pay(charge, { silent: true });
    expect(received).toEqual([]);
    for (let time = 0; time < 5; time++)
      expect((await call(`/provider/charges/${charge.chargeId}/callbacks`, {})).body).toMatchObject({
        callbacks: [{ status: 204 }],
      });
    expect(received).toHaveLength(5);
    await settledAs(charge, 'DELIVERED');
  });

  it.each([
    ['a signature of nobody', { badSignature: true }, { validSecrets: 0 }],
    ['a signature from ten minutes ago', { signatureAgeSeconds: 600 }, { validSecrets: 2, ageSeconds: 600 }],
    ['an amount that was not paid', { claim: { amount: '1' } }, { validSecrets: 2, amount: '1' }],
  ])('forges: %s, and gives up when it is refused', async (_what, modes, expected) => {
    answers = [400];
    const charge = await createCharge();
    await pay(charge, modes);
    await settledAs(charge, 'GIVEN_UP');
    expect(received).toMatchObject([expected]);
  });

  it('gives money back once, says so, and shows all movements on its bill', async () => {
    const charge = await createCharge();
    const [transaction] = (await pay(charge)).transactions;
    const refund = { refundId: 'refund-1', providerTxnId: transaction?.providerTxnId, amount: '1250', currency: 'EUR' };
    for (let time = 0; time < 2; time++)
      expect(await call('/provider/refunds', refund)).toEqual({
        status: 200,
        body: { refundId: 'refund-1', state: 'SUCCEEDED' },
      });
    await settledAs(charge, 'DELIVERED');
    expect(received.map(({ type }) => type).toSorted()).toEqual(['payment.succeeded', 'refund.succeeded']);
    expect((await call('/provider/bill')).body).toMatchObject({
      lines: [
        { kind: 'CHARGE', orderId: 'order-1', amount: '1250' },
        { kind: 'REFUND', orderId: 'order-1', amount: '1250', refundId: 'refund-1' },
      ],
    });
  });

  it('remembers after a restart, and finishes what it had not delivered', async () => {
    answers = Array<number>(1000).fill(503);
    const charge = await createCharge();
    await pay(charge);
    await until(() => received.length > 0);
    await provider.close();
    answers = [];
    provider = await startProvider();
    await settledAs(charge, 'DELIVERED');
    expect(new Set(received.map(({ eventId }) => eventId)).size).toBe(1);
  });

  it.each([
    ['/provider/charges', { amount: 12.5 }, 400, 'REQUEST_INVALID'],
    ['/provider/charges/ch_none/pay', {}, 404, 'CHARGE_NOT_FOUND'],
    ['/provider/charges/ch_none/pay', { duplicates: -1 }, 400, 'REQUEST_INVALID'],
    [
      '/provider/refunds',
      { refundId: 'r', providerTxnId: 't', amount: '1', currency: 'EUR' },
      404,
      'TRANSACTION_NOT_FOUND',
    ],
  ])('refuses POST %s %p with %d %s', async (path, body, status, code) => {
    expect(await call(path, body)).toMatchObject({ status, body: { code } });
  });

  it('lets nobody without the key of the merchant do anything but pay', async () => {
    const charge = await createCharge();
    const [transaction] = (await pay(charge)).transactions;
    const refund = { refundId: 'refund-1', providerTxnId: transaction?.providerTxnId, amount: '1250', currency: 'EUR' };
    const calls: [path: string, body?: object][] = [
      ['/provider/charges', { ...charge }],
      [`/provider/charges/${charge.chargeId}`],
      [`/provider/charges/${charge.chargeId}/callbacks`, {}],
      ['/provider/refunds', refund],
      ['/provider/bill'],
    ];
    for (const [path, body] of calls) {
      for (const key of ['', 'merchant-key-of-somebody-else', `${MERCHANT_KEY} `.repeat(2)]) {
        expect(await call(path, body, key)).toMatchObject({ status: 401, body: { code: 'MERCHANT_KEY_INVALID' } });
      }
    }
    expect((await call('/provider/bill')).body).toMatchObject({ lines: [{ kind: 'CHARGE' }] });
  });

  it.each([
    ['another port', (origin: string) => `${origin}0/callback`],
    ['another scheme', (origin: string) => `${origin.replace('http:', 'https:')}/callback`],
    ['another host that begins alike', (origin: string) => `${origin}.attacker.example/callback`],
    ['our host as the user of another', (origin: string) => `${origin}@attacker.example/callback`],
    ['no web address', () => 'file:///etc/passwd'],
  ])('refuses a charge whose callbacks would go to %s', async (_what, address) => {
    const callbackUrl = address(receiverOrigin().replace('localhost', '127.0.0.1'));
    const refused = await call('/provider/charges', { ...CHARGE, callbackUrl });
    expect([400, 422]).toContain(refused.status);
    expect((await call('/provider/bill')).body).toEqual({ lines: [] });
  });

  it('follows no redirect of a receiver', async () => {
    answers = [307];
    const charge = await createCharge();
    await pay(charge);
    await settledAs(charge, 'DELIVERED');
    expect([received.length, redirected]).toEqual([2, 0]);
  });
});
