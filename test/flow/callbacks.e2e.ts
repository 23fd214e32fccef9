import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createGate, holdCommit, loseCommit, openPayment, place, until, untilStatus } from '@rocketshop/shop-testkit';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { CALLBACK_SECRET, InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { expectInvariants } from '../support/expect-invariants.js';
import { callBack, paidEvent, paidMessages, recordedEvent, signature } from './provider-callbacks.js';
import type { CallbackEvent, SignatureChoice } from './provider-callbacks.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
let payment: PaymentAnswer;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

const newPayment = async () => openPayment(shop.buyer(), (await place(shop.buyer())).orderId);
const statusOf = async ({ paymentId }: PaymentAnswer) => (await shop.buyer().readPayment(paymentId)).body.status;

describe('a callback that the provider did not sign', () => {
  beforeAll(async () => {
    payment = await newPayment();
  });

  const other = 'callback-secret-of-somebody-else';
  const signedNow = (body = 'x') => signature(body, [CALLBACK_SECRET]);
  const forgeries: [string, (event: CallbackEvent) => SignatureChoice][] = [
    ['signed with another secret', () => ({ secrets: [other] })],
    ['altered on the way, by one cent', (event) => ({ altered: JSON.stringify({ ...event, amount: '1' }) })],
    ['written anew, with a blank more', (event) => ({ altered: `${JSON.stringify(event)} ` })],
    ['with the signature of another body', () => ({ header: signedNow() })],
    ['301 seconds old', () => ({ ageSeconds: 302 })],
    ['from the future', () => ({ ageSeconds: -302 })],
    ['not signed', () => ({ header: null })],
    ['with an empty header', () => ({ header: '' })],
    ['with a time and no signature', () => ({ header: 't=1' })],
    [
      'with a signature and no time',
      (event) => ({ header: signature(JSON.stringify(event), [CALLBACK_SECRET]).replace(/t=\d+/, 't=') }),
    ],
    [
      'with half a signature',
      (event) => ({ header: signature(JSON.stringify(event), [CALLBACK_SECRET]).slice(0, -2) }),
    ],
    [
      'with another time than the one signed',
      (event) => ({ header: signature(JSON.stringify(event), [CALLBACK_SECRET]).replace(/t=\d/, 't=9') }),
    ],
    [
      'with a hundred signatures',
      () => ({
        header: `t=1,${Array(100)
          .fill(`v1=${'0'.repeat(64)}`)
          .join(',')}`,
      }),
    ],
  ];

  it.each(forgeries)('%s: 401, nothing changes, nothing is kept', async (_what, choose) => {
    const event = paidEvent(payment);
    const { status, body } = await callBack(shop, event, choose(event));
    expect([status, body.code]).toEqual([401, 'SIGNATURE_INVALID']);
    expect(await recordedEvent(shop, event)).toBeUndefined();
    expect(await statusOf(payment)).toBe('PAYING');
  });
});

describe('a genuine callback that does not fit our records', () => {
  beforeAll(async () => {
    payment = await newPayment();
  });

  it.each([
    ['of another merchant', { merchantId: 'somebody-else' }, 'WRONG_MERCHANT'],
    ['of one cent less', { amount: '1249' }, 'WRONG_AMOUNT'],
    ['of one cent more', { amount: '1251' }, 'WRONG_AMOUNT'],
    ['of another currency', { currency: 'USD' }, 'WRONG_CURRENCY'],
    ['of a payment that we do not know', { paymentId: randomUUID() }, 'UNKNOWN_PAYMENT'],
    ['of a payment that cannot be ours', { paymentId: `' OR 1=1 --` }, 'UNKNOWN_PAYMENT'],
    ['of an order that we do not know', { orderId: randomUUID() }, 'WRONG_ORDER'],
  ])('%s: 422, nothing changes, and it is written down', async (_what, changes, outcome) => {
    const event = paidEvent(payment, changes);
    for (const deliveries of [1, 2]) {
      const { status, body } = await callBack(shop, event);
      expect([status, body.code]).toEqual([422, outcome]);
      expect(await recordedEvent(shop, event)).toEqual({ outcome, deliveries });
    }
    expect(await statusOf(payment)).toBe('PAYING');
    expect(await paidMessages(shop, payment.orderId)).toBe(0);
  });

  it('of money that has paid, or goes back to, another payment: the same money pays once', async () => {
    const other = await newPayment();
    const first = paidEvent(other);
    expect((await callBack(shop, first)).body.outcome).toBe('PAID');
    const { providerTxnId = '' } = first;
    const again = await callBack(shop, paidEvent(payment, { providerTxnId }));
    expect([again.status, again.body.code]).toEqual([422, 'WRONG_TRANSACTION']);

    const double = paidEvent(other);
    expect((await callBack(shop, double)).body.outcome).toBe('REFUNDING');
    const returned = await callBack(shop, paidEvent(payment, { providerTxnId: double['providerTxnId'] ?? '' }));
    expect([returned.status, returned.body.code]).toEqual([422, 'WRONG_TRANSACTION']);
    expect(await statusOf(payment)).toBe('PAYING');
    // The provider does not know this transaction, so it cannot pay it back. The story deletes the refund.
    await shop.rows('pay', 'DELETE FROM refunds WHERE provider_txn_id = $1', [double['providerTxnId']]);
  });

  it('is looked at again when it is told again, as the payment may be known by then', async () => {
    const event = paidEvent(payment);
    await shop.rows('pay', `INSERT INTO payment_events (event_id, outcome, body) VALUES ($1, 'UNKNOWN_PAYMENT', $2)`, [
      event['eventId'],
      event,
    ]);
    expect((await callBack(shop, event)).body.outcome).toBe('PAID');
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
  });
});

describe('a genuine callback', () => {
  beforeEach(async () => {
    payment = await newPayment();
  });

  it('that comes five times at once makes the payment PAID once', async () => {
    const event = paidEvent(payment);
    const answers = await Promise.all(Array.from({ length: 5 }, () => callBack(shop, event)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await recordedEvent(shop, event)).toEqual({ outcome: 'PAID', deliveries: 5 });
    expect(await paidMessages(shop, payment.orderId)).toBe(1);
    await untilStatus(shop.buyer(), payment.orderId, 'PAID');
  });

  it('of the same money under two event ids, at once, counts once', async () => {
    const event = paidEvent(payment);
    const twin = { ...event, eventId: randomUUID() };
    const answers = await Promise.all([callBack(shop, event), callBack(shop, twin)]);
    expect(new Set(answers.map(({ body }) => body.outcome))).toEqual(new Set(['PAID', 'ALREADY_COUNTED']));
    expect(await paidMessages(shop, payment.orderId)).toBe(1);
    expect((await shop.buyer().readPayment(payment.paymentId)).body.refunds).toEqual([]);
  });

  it('counts while the secret is being rotated, signed with the old, the new, or both', async () => {
    const next = 'the-next-callback-secret-of-these';
    const rotating = await shop.startReplica('pay', { CALLBACK_SECRETS: `${next},${CALLBACK_SECRET}` });
    const rotated = await shop.startReplica('pay', { CALLBACK_SECRETS: next });
    const event = paidEvent(payment);
    for (const secrets of [[CALLBACK_SECRET], [next], [next, CALLBACK_SECRET]]) {
      expect((await callBack(shop, event, { secrets }, rotating)).status).toBe(200);
    }
    expect((await callBack(shop, event, { secrets: [CALLBACK_SECRET] }, rotated)).status).toBe(401);
    expect((await callBack(shop, event, { secrets: [next, CALLBACK_SECRET] }, rotated)).status).toBe(200);
    expect(await paidMessages(shop, payment.orderId)).toBe(1);
  });

  it('is answered only when it is committed', async () => {
    const gate = createGate();
    const held = holdCommit(shop.databaseProxies.pay, 'record-event', gate.opened);
    let answered = false;
    const answer = callBack(shop, paidEvent(payment)).finally(() => {
      answered = true;
    });
    await until(() => held.isHeld, { description: 'the commit to be on its way' });
    expect(await statusOf(payment)).toBe('PAYING');
    expect(answered).toBe(false);
    gate.open();
    expect(await answer).toMatchObject({ status: 200, body: { outcome: 'PAID' } });
    expect(await statusOf(payment)).toBe('PAID');
  });

  it.each(['before', 'after'] as const)(
    'whose commit breaks %s it happened is decided again before it is answered, and counts once when it is told again',
    async (when) => {
      const event = paidEvent(payment);
      const lost = loseCommit(shop.databaseProxies.pay, 'record-event', when);
      expect(await callBack(shop, event)).toMatchObject({ status: 200, body: { outcome: 'PAID' } });
      expect(lost.happened).toBe(true);
      expect(await statusOf(payment)).toBe('PAID');
      expect((await callBack(shop, event)).body.outcome).toBe('PAID');
      expect(await paidMessages(shop, payment.orderId)).toBe(1);
      await untilStatus(shop.buyer(), payment.orderId, 'PAID');
    },
  );
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants({ databaseUrls: shop.databaseUrls }));
