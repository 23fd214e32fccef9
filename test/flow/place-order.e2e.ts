import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { expectInvariants } from '../support/expect-invariants.js';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { holdBeforeDeduct, place, teapots, untilStatus } from '@rocketshop/shop-testkit';

jest.setTimeout(60_000);

let shop: InProcessShop;
beforeAll(async () => {
  shop = await InProcessShop.start();
}, 120_000);
afterEach(() => shop.heal());
afterAll(async () => {
  await shop.stop();
});

interface RawRequest {
  readonly body?: string;
  readonly key?: string | null;
  readonly token?: string | null;
  readonly contentType?: string;
}

/** Sends the exact body and headers to POST /orders: the client would never send these. */
async function post({ body = JSON.stringify(teapots()), key = `"${randomUUID()}"`, token, contentType }: RawRequest) {
  const bearer = token === undefined ? shop.buyer().token : token;
  const response = await fetch(`${shop.urls.order}/orders`, {
    method: 'POST',
    body,
    headers: {
      'content-type': contentType ?? 'application/json',
      ...(key === null ? {} : { 'idempotency-key': key }),
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    },
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, type: response.headers.get('content-type'), headers: response.headers, answer };
}

const countOrders = async () =>
  Number((await shop.rows<{ count: string }>('order', 'SELECT count(*) FROM orders'))[0]?.count);

describe('what a buyer may say when he places an order', () => {
  const line = { goodsId: 'teapot', quantity: 1 };
  const carts: [string, object][] = [
    ['a price', { items: [line], price: '1' }],
    ['a total', { items: [line], total: '1' }],
    ['a discount', { items: [line], discount: '1' }],
    ['a status', { items: [line], status: 'PAID' }],
    ['another buyer', { items: [line], userId: 'grace' }],
    ['a price of a line', { items: [{ ...line, unitPrice: '1' }] }],
    ['no items', { items: [] }],
    ['no cart', {}],
    ['a list', []],
    ['the same goods twice', { items: [line, line] }],
    ['21 lines', { items: Array.from({ length: 21 }, (_, index) => ({ goodsId: `goods-${index}`, quantity: 1 })) }],
    ['goods that are a path', { items: [{ ...line, goodsId: '../../etc' }] }],
    ['a coupon that is a list', { items: [line], couponId: ['ada-five'] }],
    ['an empty coupon', { items: [line], couponId: '' }],
  ];
  const quantities = ['0', '-1', '0.1', '1e309', '2147483648', '1001', '"1"', '[1]', 'null', 'true', '{}'];
  const amounts = [
    '-1',
    '1',
    '1.5',
    '"-1"',
    '"1.5"',
    '"1e3"',
    '" 1"',
    '"01"',
    '"0x10"',
    '"9999999999999999999"',
    'null',
  ];

  it.each(carts)('is not %s: 400', async (_what, cart) => {
    const { status, type, answer } = await post({ body: JSON.stringify(cart) });
    expect([status, type, answer['code']]).toEqual([400, expect.stringContaining('problem+json'), 'REQUEST_INVALID']);
  });

  it('is a whole number of goods, from 1 to 1000', async () => {
    for (const quantity of quantities) {
      const { status } = await post({ body: `{"items":[{"goodsId":"teapot","quantity":${quantity}}]}` });
      expect([quantity, status]).toEqual([quantity, 400]);
    }
  });

  it('is a whole number of minor units to take from his balance, as text', async () => {
    for (const amount of amounts) {
      const { status } = await post({
        body: `{"items":[{"goodsId":"teapot","quantity":1}],"balanceToUse":${amount}}`,
      });
      expect([amount, status]).toEqual([amount, 400]);
    }
  });

  it('is JSON of at most 64 KiB', async () => {
    expect((await post({ body: '{"items":' })).status).toBe(400);
    expect((await post({ body: JSON.stringify({ items: [], padding: 'x'.repeat(65 * 1024) }) })).status).toBe(413);
    const before = await countOrders();
    expect((await post({ contentType: 'text/plain' })).status).toBe(415);
    expect(await countOrders()).toBe(before);
  });

  it('never shows him how the shop is made', async () => {
    const { answer } = await post({ body: '{"items":[{"goodsId":"teapot\\u0000","quantity":1}]}' });
    expect(JSON.stringify(answer)).not.toMatch(/node_modules|\.ts:|at Object/);
  });
});

describe('a balance or a coupon', () => {
  it('cannot be worth more than what is left to pay', async () => {
    const { status, body } = await shop.buyer().placeOrder({ ...teapots(), balanceToUse: '1251' });
    expect([status, body.code]).toEqual([409, 'BALANCE_EXCEEDS_TOTAL']);
  });

  it('is refused where it is somebody else’s, expired, or too small, and nothing is kept: the key is free again', async () => {
    const key = randomUUID();
    const linus = shop.buyer('linus');
    expect((await linus.placeOrder({ ...teapots(), couponId: 'ada-five' }, key)).body.code).toBe('COUPON_NOT_FOUND');
    expect((await linus.placeOrder({ ...teapots(), couponId: 'linus-expired' }, key)).body.code).toBe('COUPON_EXPIRED');
    expect((await linus.placeOrder({ ...teapots(), balanceToUse: '1' }, key)).body.code).toBe('BALANCE_TOO_SMALL');
    expect((await linus.placeOrder(teapots(), key)).status).toBe(201);
  });

  it('pays the whole order where it is enough: PAID at once, no payment and no timer', async () => {
    const order = await place(shop.buyer(), { ...teapots(2), couponId: 'ada-five', balanceToUse: '2000' });
    expect(order).toMatchObject({ status: 'PAID', total: '2500', discount: '500', balanceUsed: '2000', payable: '0' });
    const timers = await shop.rows(
      'order',
      `SELECT FROM outbox WHERE order_key = $1 AND topic = 'close-unpaid-order'`,
      [order.orderId],
    );
    expect(timers).toEqual([]);
    const { status, body } = await shop.buyer().openPayment(order.orderId);
    expect([status, body.code]).toEqual([409, 'ORDER_NOT_PAYABLE']);
  });
});

describe('an Idempotency-Key', () => {
  it.each([null, '', '""', '"unclosed', 'two keys', `"${'x'.repeat(300)}"`])(
    'must be there and well made, not %p',
    async (key) => {
      expect((await post({ key })).status).toBe(400);
    },
  );

  it('may be a bare UUID', async () => {
    expect((await post({ key: randomUUID() })).status).toBe(201);
  });

  it('answers the same again, and says that it does', async () => {
    const key = randomUUID();
    const first = await shop.buyer().placeOrder(teapots(), key);
    const again = await shop.buyer().placeOrder(teapots(), key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  });

  it('takes a default that is said and one that is not said for the same request', async () => {
    const key = randomUUID();
    const order = await place(shop.buyer(), teapots(), key);
    const said = await shop.buyer().placeOrder({ balanceToUse: '0', ...teapots() }, key);
    expect([said.status, said.body.orderId]).toEqual([201, order.orderId]);
    const other = await shop.buyer().placeOrder({ balanceToUse: '1', ...teapots() }, key);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('is refused with another cart: 422', async () => {
    const key = randomUUID();
    await place(shop.buyer(), teapots(1), key);
    expect((await shop.buyer().placeOrder(teapots(2), key)).status).toBe(422);
  });

  it('is each buyer’s own', async () => {
    const key = randomUUID();
    const [ada, grace] = [
      await place(shop.buyer('ada'), teapots(), key),
      await place(shop.buyer('grace'), teapots(), key),
    ];
    expect(ada.orderId).not.toBe(grace.orderId);
  });

  it('makes one order of fifty requests at once', async () => {
    const key = randomUUID();
    const before = await countOrders();
    const answers = await Promise.all(Array.from({ length: 50 }, () => shop.buyer().placeOrder(teapots(), key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set(answers.some((a) => a.status === 409) ? [201, 409] : [201]),
    );
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.orderId)).size).toBe(1);
    expect(answers.filter(({ status, headers }) => status === 409 && headers.get('retry-after') !== '1')).toEqual([]);
    expect(await countOrders()).toBe(before + 1);
  });
});

describe('a pre-order', () => {
  it('is nobody’s to see, to pay or to cancel, and its key says: wait', async () => {
    const key = randomUUID();
    const ada = shop.buyer('ada');
    const { orderId, goOn } = await holdBeforeDeduct(shop, () => ada.placeOrder(teapots(), key));

    for (const buyer of [ada, shop.buyer('grace')]) {
      expect((await buyer.readOrder(orderId)).status).toBe(404);
      expect((await buyer.cancelOrder(orderId)).status).toBe(404);
      expect((await buyer.openPayment(orderId)).status).toBe(404);
    }
    const waiting = await ada.placeOrder(teapots(), key);
    expect([waiting.status, waiting.headers.get('retry-after')]).toEqual([409, '1']);
    expect((await goOn()).status).toBe(201);
    expect((await ada.readOrder(orderId)).status).toBe(200);
  });
});

describe('an order', () => {
  it('of somebody else does not exist, to read, to cancel, to pay, or its payment to read', async () => {
    const { orderId } = await place(shop.buyer('ada'));
    const { body: payment } = await shop.buyer('ada').openPayment(orderId);
    const grace = shop.buyer('grace');
    expect((await grace.readOrder(orderId)).status).toBe(404);
    expect((await grace.cancelOrder(orderId)).status).toBe(404);
    expect((await grace.openPayment(orderId)).status).toBe(404);
    expect((await grace.readPayment(payment.paymentId)).status).toBe(404);
    expect((await grace.listPayments(orderId)).body).toEqual([]);
  });

  it('that was cancelled shows its reason to its owner, and to nobody else', async () => {
    shop.rpcProxies.stock.use(({ direction, bytes }) =>
      direction === 'request' && bytes.includes('deduct-stock') ? 'cut' : 'pass',
    );
    const { body } = await shop.buyer('ada').placeOrder(teapots());
    await untilStatus(shop.buyer('ada'), body.orderId, 'CANCELLED');
    const own = (await shop.buyer('ada').readOrder(body.orderId)).body;
    expect(own).toMatchObject({ status: 'CANCELLED', cancelReason: 'STEP_FAILED', cancelledBy: 'flow' });
    expect((await shop.buyer('grace').readOrder(body.orderId)).status).toBe(404);
  });

  it.each(['not-an-id', '00000000-0000-4000-8000-000000000000', '%00', '..%2f..%2fetc'])(
    'called %s does not exist',
    async (id) => {
      expect([400, 404]).toContain((await shop.buyer().readOrder(id)).status);
    },
  );
});

describe('a bearer token', () => {
  it('must be there, whole and young: else 401 and nothing happens', async () => {
    const before = await countOrders();
    const { token } = shop.buyer();
    for (const bad of [null, 'nonsense', token.slice(0, -4), `${token}x`, shop.buyer('ada', -60_000).token]) {
      const { status, answer } = await post({ token: bad });
      expect([status, answer['code']]).toEqual([401, 'UNAUTHENTICATED']);
    }
    expect(await countOrders()).toBe(before);
  });
});

describe('the last item', () => {
  it('can be bought', async () => {
    const linus = shop.buyer('linus');
    await place(linus, { items: [{ goodsId: 'globe', quantity: 4 }] });
    await place(linus, { items: [{ goodsId: 'globe', quantity: 1 }] });
    expect(await linus.available('globe')).toBe(0);
    const { status, body } = await linus.placeOrder({ items: [{ goodsId: 'globe', quantity: 1 }] });
    expect([status, body.code]).toEqual([409, 'OUT_OF_STOCK']);
  });

  it('is sold once: of twenty buyers at once ten get one of ten', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        shop.buyer('linus').placeOrder({ items: [{ goodsId: 'lantern', quantity: 1 }] }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))).toEqual(
      new Set(['OUT_OF_STOCK']),
    );
    expect(await shop.buyer().available('lantern')).toBe(0);
  });
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
