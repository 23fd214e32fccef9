import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { expectInvariants } from '../support/expect-invariants.js';
import { freePort, place, request, startRedisServer, teapots, until, untilStatus } from '@rocketshop/shop-testkit';
import type { RedisServer } from '@rocketshop/shop-testkit';
import { InProcessShop } from '@rocketshop/shop-testkit/in-process';
import { describeWithRedis } from '../support/redis.js';

jest.setTimeout(60_000);

let port: number;
let redis: RedisServer | undefined;
let admin: Redis;
let shop: InProcessShop;

const startRedis = async () => {
  redis = await startRedisServer({ port });
};

describeWithRedis('a Redis', () => {
  beforeAll(async () => {
    port = await freePort();
    await startRedis();
    admin = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 });
    admin.on('error', () => undefined);
    const env = { REDIS_URL: `redis://127.0.0.1:${port}` };
    shop = await InProcessShop.start({ env: { order: env, pay: env } });
  }, 120_000);
  afterEach(() => shop.heal());
  afterAll(async () => {
    admin?.disconnect();
    await shop?.stop();
    await redis?.stop();
  });

  const openPaymentWith = (orderId: string, key: string) => shop.buyer().openPayment(orderId, key);
  const hints = async () => (await admin.keys('rocketshop:*')).length;

  /** Places an order and repeats the request twice. All answers must be of one order, from whichever replica they come. */
  async function orderAndRepeat(): Promise<void> {
    const key = randomUUID();
    const { orderId } = await place(shop.buyer(), teapots(), key);
    for (const replayed of [
      await shop.buyer().placeOrder(teapots(), key),
      await shop.buyer().placeOrder(teapots(), key),
    ]) {
      expect([replayed.status, replayed.body.orderId, replayed.headers.get('idempotency-replayed')]).toEqual([
        201,
        orderId,
        'true',
      ]);
    }
    expect((await shop.buyer().placeOrder(teapots(2), key)).status).toBe(422);
    await shop.buyer().cancelOrder(orderId);
  }

  it('repeats answers that were committed', async () => {
    const before = await hints();
    await orderAndRepeat();
    await until(async () => (await hints()) > before, { description: 'the answer to be kept as a hint' });
  });

  it('that is flushed again and again changes no answer', async () => {
    let flushing = true;
    const flushes = (async () => {
      while (flushing) await admin.flushall();
    })();
    for (let index = 0; index < 10; index++) await orderAndRepeat();
    flushing = false;
    await flushes;
  });

  it('that dies and comes back empty, in the middle of things, changes no answer', async () => {
    const run = (async () => {
      for (let index = 0; index < 15; index++) await orderAndRepeat();
    })();
    await redis?.stop();
    await run;
    await startRedis();
    await orderAndRepeat();
  });

  it('that is deaf slows nobody down for long', async () => {
    await until(async () => (await admin.ping()) === 'PONG', { description: 'Redis to be there' });
    process.kill(redis?.pid ?? 0, 'SIGSTOP');
    try {
      await orderAndRepeat();
    } finally {
      process.kill(redis?.pid ?? 0, 'SIGCONT');
    }
  });

  it('of another database tells us nothing: the same buyer and key are two orders in two shops', async () => {
    const other = await shop.startReplica('order', {
      REDIS_URL: `redis://127.0.0.1:${port}`,
      DATABASE_URL: await shop.createDatabase(),
      MIGRATION_DATABASE_URL: '',
    });
    const key = randomUUID();
    const elsewhere = shop.buyer('ada', undefined, { order: shop.urlOf('order', other) });
    const [here, there] = [await place(shop.buyer(), teapots(), key), await place(elsewhere, teapots(), key)];
    expect(here.orderId).not.toBe(there.orderId);
    expect((await shop.buyer().placeOrder(teapots(), key)).body.orderId).toBe(here.orderId);
    expect((await elsewhere.placeOrder(teapots(), key)).body.orderId).toBe(there.orderId);
    await elsewhere.cancelOrder(there.orderId);
  });

  it('that was written to by somebody else is not believed', async () => {
    const key = randomUUID();
    const { orderId } = await place(shop.buyer(), teapots(), key);
    await shop.buyer().placeOrder(teapots(), key);
    for (const name of await until(
      async () => (await admin.keys('rocketshop:*')).length > 0 && admin.keys('rocketshop:*'),
    )) {
      await admin.set(name, 'nonsense');
    }
    expect((await shop.buyer().placeOrder(teapots(), key)).body.orderId).toBe(orderId);
  });

  /** Repeats a request until Redis has its answer: after a story without Redis, the services ask it only some seconds later. */
  async function untilHinted(repeat: () => Promise<unknown>): Promise<void> {
    const before = await hints();
    const isHinted = async () => {
      await repeat();
      return (await hints()) > before;
    };
    await until(isHinted, { timeoutMs: 40_000, description: 'the answer to be kept as a hint' });
  }

  it('tells nothing of a database into which an older dump was restored', async () => {
    const tables = ['orders', 'order_items', 'order_compensations', 'idempotency_keys', 'installation'];
    for (const table of tables) await shop.rows('order', `CREATE TABLE dump_of_${table} AS TABLE ${table}`);
    const key = randomUUID();
    const lost = await place(shop.buyer(), teapots(), key);
    await untilHinted(() => shop.buyer().placeOrder(teapots(), key));
    await shop.buyer().cancelOrder(lost.orderId);
    await untilStatus(shop.buyer(), lost.orderId, 'CANCELLED');

    const restore = tables.map((table) => `INSERT INTO ${table} TABLE dump_of_${table}`);
    await shop.rows('order', [`TRUNCATE ${tables.join()}`, ...restore].join(';'));
    // A real restore takes longer than this, since it stops the services or the server.
    await until(async () => {
      const { body } = await shop.buyer().placeOrder(teapots(), key);
      return body.orderId !== lost.orderId && (await shop.buyer().readOrder(body.orderId)).status === 200;
    });
    for (const table of tables) await shop.rows('order', `DROP TABLE dump_of_${table}`);
  });

  it('forgets with the demo what the reset has taken away', async () => {
    const key = randomUUID();
    const { orderId } = await place(shop.buyer(), teapots(), key);
    await openPaymentWith(orderId, key);
    await untilHinted(() => openPaymentWith(orderId, key));
    await untilHinted(() => shop.buyer().placeOrder(teapots(), key));
    await shop.buyer().cancelOrder(orderId);
    await untilStatus(shop.buyer(), orderId, 'CANCELLED');
    const withoutToken = await request(`${shop.urls.order}/demo/reset`, { method: 'POST' });
    expect(withoutToken.status).toBe(401);
    expect((await shop.buyer().readOrder(orderId)).status).toBe(200);
    shop.rpcProxies.user.partition();
    const away = await shop.buyer().resetDemo();
    expect([away.status, away.body['code'], away.headers.get('retry-after')]).toEqual([503, 'RESET_INCOMPLETE', '1']);
    expect((await shop.buyer().readOrder(orderId)).status).toBe(200);
    shop.heal();
    const reset = await until(async () => {
      const answer = await shop.buyer().resetDemo();
      return answer.status < 500 && answer;
    });
    expect(reset.status).toBe(200);
    const next = await place(shop.buyer(), teapots(), key);
    expect(next.orderId).not.toBe(orderId);
    expect((await openPaymentWith(next.orderId, key)).status).toBe(201);
  });

  it('leaves every item, coupon and cent where it belongs', () => expectInvariants(shop));
});
