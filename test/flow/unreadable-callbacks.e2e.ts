import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openPayment, place, untilStatus } from '@rocketshop/shop-testkit';
import type { PaymentAnswer } from '@rocketshop/shop-testkit';
import { CALLBACK_SECRET, InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { callBack, paidEvent, paidMessages, recordedEvent } from './provider-callbacks.js';

jest.setTimeout(60_000);

let shop: InProcessShop;
let payment: PaymentAnswer;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterAll(async () => {
  await shop.stop();
});

const newPayment = async () => openPayment(shop.buyer(), (await place(shop.buyer())).orderId);

describe('a genuine callback that cannot be read', () => {
  const fits = JSON.stringify(paidEvent({ paymentId: randomUUID(), orderId: randomUUID(), amount: '1' }));
  const withTransaction = (text: string) => fits.replace(/"providerTxnId":"[^"]*"/, `"providerTxnId":"${text}"`);

  /** Posts bytes, signed over these bytes. */
  async function post(body: Buffer, type = 'application/json'): Promise<{ status: number; code: string }> {
    const time = Math.floor(Date.now() / 1000);
    const mac = createHmac('sha256', CALLBACK_SECRET).update(`${time}.`).update(body).digest('hex');
    const response = await fetch(`${shop.urlOf('pay')}/payments/callback`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': type, 'x-pay-signature': `t=${time},v1=${mac}` },
    });
    return { status: response.status, code: ((await response.json()) as { code: string }).code };
  }

  it.each<[string, string | Buffer]>([
    ['no JSON', 'not json'],
    ['nothing', ' '],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['half of the fields', '{"eventId":"e"}'],
    ['an amount with a point', fits.replace('"amount":"1"', '"amount":12.5')],
    ['a NUL in a text', withTransaction(String.raw`a\u0000b`)],
    ['half a surrogate pair', withTransaction(String.raw`a\ud800b`)],
    ['the other half', withTransaction(String.raw`\udc00`)],
    ['a NUL in the id of the event', fits.replace(/"eventId":"[^"]*"/, String.raw`"eventId":"\u0000"`)],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(fits.slice(0, -1)), Buffer.from([0xff, 0xfe]), Buffer.from('}')]),
    ],
    ['half a character', Buffer.from(withTransaction('é')).subarray(0, -40)],
    ['30,000 lists in each other', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['a prototype', '{"__proto__":{"eventId":"e"}}'],
  ])('has %s: 400 each time, and its bytes are kept for people', async (_what, body) => {
    const bytes = Buffer.from(body);
    for (const deliveries of [1, 2]) {
      expect(await post(bytes)).toEqual({ status: 400, code: 'CALLBACK_INVALID' });
      const kept = await shop.rows<{ raw: Buffer; bytes: number; deliveries: number }>(
        'pay',
        `SELECT raw, bytes, deliveries FROM rejected_callbacks WHERE digest = sha256($1)`,
        [bytes],
      );
      expect(kept).toEqual([{ raw: bytes.subarray(0, 16_384), bytes: bytes.length, deliveries }]);
    }
  });

  it('is not kept when nobody of the provider has signed it', async () => {
    const body = 'not json, and not signed';
    expect((await callBack(shop, body, { secrets: ['callback-secret-of-somebody-else'] })).status).toBe(401);
    expect(await shop.rows('pay', 'SELECT FROM rejected_callbacks WHERE bytes = $1', [body.length])).toEqual([]);
  });

  it.each(['text/plain', 'application/json; charset=utf-16', 'nonsense'])(
    'is read whatever type it claims: %s',
    async (type) => {
      payment = await newPayment();
      const { status } = await post(Buffer.from(JSON.stringify(paidEvent(payment))), type);
      expect(status).toBe(200);
    },
  );
});

describe('two genuine callbacks with one event id and other contents', () => {
  const conflicts = (eventId: string | undefined) =>
    shop.rows('pay', 'SELECT body, deliveries FROM payment_event_conflicts WHERE event_id = $1', [eventId]);

  it('one after the other: the second is refused, kept for people, and changes nothing', async () => {
    const [told, other] = [await newPayment(), await newPayment()];
    const first = paidEvent(told);
    const second = { ...paidEvent(other), eventId: first['eventId'] ?? '' };
    expect((await callBack(shop, first)).body.outcome).toBe('PAID');
    for (const deliveries of [1, 2]) {
      const { status, body } = await callBack(shop, second);
      expect([status, body.code]).toEqual([422, 'EVENT_ID_REUSED']);
      expect(await conflicts(first['eventId'])).toEqual([{ body: second, deliveries }]);
    }
    expect((await callBack(shop, first)).body.outcome).toBe('PAID');
    expect(await recordedEvent(shop, first)).toEqual({ outcome: 'PAID', deliveries: 2 });
    expect((await shop.buyer().readPayment(other.paymentId)).body.status).toBe('PAYING');
    // The money of the second one is not lost: the provider tells it under an id of its own, or is asked.
    expect((await callBack(shop, { ...second, eventId: randomUUID() })).body.outcome).toBe('PAID');
  });

  it('at the same moment: one of them counts', async () => {
    const [told, other] = [await newPayment(), await newPayment()];
    const first = paidEvent(told);
    const second = { ...paidEvent(other), eventId: first['eventId'] ?? '' };
    const answers = await Promise.all([callBack(shop, first), callBack(shop, second)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422]);
    const messages = await Promise.all([told, other].map(({ orderId }) => paidMessages(shop, orderId)));
    expect(messages.toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('also when the first was refused', async () => {
    const told = await newPayment();
    const refused = paidEvent(told, { amount: '1' });
    expect((await callBack(shop, refused)).body.code).toBe('WRONG_AMOUNT');
    expect((await callBack(shop, { ...refused, amount: told.amount })).body.code).toBe('EVENT_ID_REUSED');
    expect((await callBack(shop, refused)).body.code).toBe('WRONG_AMOUNT');
  });

  it('that differ in the order of their fields or in blanks only are the same event', async () => {
    const told = await newPayment();
    const event = paidEvent(told);
    expect((await callBack(shop, event)).status).toBe(200);
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(event).toReversed()), undefined, 2);
    expect((await callBack(shop, reversed)).body.outcome).toBe('PAID');
    await untilStatus(shop.buyer(), told.orderId, 'PAID');
  });
});
