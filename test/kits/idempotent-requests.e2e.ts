import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post, UseGuards, UseInterceptors } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import {
  answerIdempotencyKey,
  Claim,
  createConsumedMessagesTable,
  createIdempotencyKeysTable,
  createInstallationTable,
  IdempotencyInterceptor,
  IdempotencyModule,
  insertIdempotencyKey,
  purgeIdempotencyKeys,
} from '@rocketshop/idempotency';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import { transaction } from '@rocketshop/pg';
import {
  Buyer,
  BuyerGuard,
  BuyerTokens,
  createLogger,
  createService,
  ProblemError,
  Secret,
} from '@rocketshop/service-defaults';
import type { BuyerIdentity, Service } from '@rocketshop/service-defaults';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { z } from 'zod';
import { createGate, createPool, sessionsWaitingForLock, startPostgres, until } from '@rocketshop/shop-testkit';
import type { Gate, TestPostgres } from '@rocketshop/shop-testkit';

// Real processes and servers: on a loaded machine a start alone can take seconds.
jest.setTimeout(60_000);

const tokenSecret = new Secret('a secret of the test, 32 characters and more');
const tokens = new BuyerTokens(tokenSecret);
const orderSchema = z.strictObject({ goods: z.string(), quantity: z.int().min(1) });

/** A small order service: claims in its first transaction, answers in its second. */
class Shop {
  betweenTransactions: Promise<void> = Promise.resolve();
  beforeFirstCommit: Promise<void> = Promise.resolve();
  refuses = false;

  constructor(private readonly pool: Pool) {}

  async place(claim: IdempotencyClaim): Promise<{ readonly orderId: string }> {
    const orderId = randomUUID();
    await transaction(this.pool, async (client) => {
      await insertIdempotencyKey(client, claim, orderId);
      await client.query('INSERT INTO orders (id) VALUES ($1)', [orderId]);
      await this.beforeFirstCommit;
    });
    await this.betweenTransactions;
    const refusal = new ProblemError({ status: 409, code: 'OUT_OF_STOCK', title: 'Out of stock.' });
    const answer = this.refuses ? { status: 409, body: refusal.problem } : { status: 201, body: { orderId } };
    await transaction(this.pool, (client) => answerIdempotencyKey(client, orderId, answer));
    if (this.refuses) throw refusal;
    return { orderId };
  }
}

@Controller('orders')
class OrdersController {
  constructor(private readonly shop: Shop) {}

  @Post()
  @HttpCode(201)
  @UseGuards(BuyerGuard)
  @UseInterceptors(IdempotencyInterceptor)
  place(
    @Body({ schema: orderSchema }) _order: z.infer<typeof orderSchema>,
    @Claim() claim: IdempotencyClaim,
    @Buyer() buyer: BuyerIdentity,
  ): Promise<{ readonly orderId: string }> {
    expect(claim.buyerId).toBe(buyer.id);
    return this.shop.place(claim);
  }
}

@Module({})
class ShopModule {
  static forRoot(pool: Pool, shop: Shop): DynamicModule {
    return {
      module: ShopModule,
      imports: [IdempotencyModule.forRootAsync({ inject: [], useFactory: () => ({ pool }) })],
      controllers: [OrdersController],
      providers: [{ provide: Shop, useValue: shop }],
    };
  }
}

let postgres: TestPostgres;
let pool: Pool;
let shop: Shop;
let service: Service | undefined;
let gate: Gate;

async function migrate(url: string): Promise<void> {
  const migrating = createPool(url);
  await createIdempotencyKeysTable(migrating);
  await createConsumedMessagesTable(migrating);
  await createInstallationTable(migrating);
  await migrating.query('CREATE TABLE orders (id uuid PRIMARY KEY)');
  await migrating.end();
}

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  pool = createPool(await postgres.createDatabaseFrom('shop', migrate), { max: 60 });
  shop = new Shop(pool);
  gate = createGate();
  service = await createService({
    name: 'shop',
    config: { httpPort: 0, internalPort: 0, bindAddress: '127.0.0.1', tokenSecret },
    module: ShopModule.forRoot(pool, shop),
    logger: createLogger({ name: 'shop', level: 'silent' }),
  });
});
afterEach(async () => {
  gate.open();
  await service?.close();
  await pool.end();
});

interface RequestOptions {
  readonly key?: string;
  readonly buyer?: string;
  readonly body?: unknown;
}

const placeOrder = ({
  key,
  buyer = 'ada',
  body = { goods: 'teapot', quantity: 1 },
}: RequestOptions): Promise<Response> =>
  fetch(`${service?.httpUrl}/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens.sign(buyer)}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });

const countOrders = async (): Promise<number> => {
  const { rows } = await pool.query<{ orders: number }>('SELECT count(*)::int AS orders FROM orders');
  return rows[0]?.orders ?? -1;
};

describe('one key, one order', () => {
  it('fifty requests with one key at once make one order; everybody gets its answer or is asked to come back', async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => placeOrder({ key: '"cart-1"' })));

    expect(await countOrders()).toBe(1);
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(1);
    const waiting = responses.filter(({ status }) => status !== 201);
    expect(waiting.map(({ status, headers }) => `${status} ${headers.get('retry-after')}`)).toEqual(
      waiting.map(() => '409 1'),
    );
    expect(responses.filter((r) => r.status === 201 && r.headers.get('idempotency-replayed') === null)).toHaveLength(1);
    const later = await placeOrder({ key: '"cart-1"' });
    expect(later.status).toBe(201);
    expect(later.headers.get('idempotency-replayed')).toBe('true');
  });

  it('a rival that waits for the open transaction of the first sees it commit and does not order again', async () => {
    shop.beforeFirstCommit = gate.opened;
    const first = placeOrder({ key: 'cart-2' });
    const second = placeOrder({ key: 'cart-2' });
    await until(async () => (await sessionsWaitingForLock(pool)) === 1, { description: 'the rival to wait' });
    gate.open();

    const statuses = [(await first).status, (await second).status].sort((a, b) => a - b);
    expect(statuses[0]).toBe(201);
    expect([201, 409]).toContain(statuses[1]);
    expect(await countOrders()).toBe(1);
  });

  it('while the first runs, the same request gets 409 with Retry-After; afterwards the same answer, replayed', async () => {
    shop.betweenTransactions = gate.opened;
    const first = placeOrder({ key: 'cart-3' });
    await until(async () => (await countOrders()) === 1);

    const during = await placeOrder({ key: 'cart-3' });
    expect(during.status).toBe(409);
    expect(during.headers.get('retry-after')).toBe('1');
    expect(during.headers.get('content-type')).toContain('application/problem+json');
    expect(await during.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_PENDING' });
    gate.open();

    const answer: unknown = await (await first).json();
    const replayed = await placeOrder({ key: '"cart-3"' });
    expect(replayed.status).toBe(201);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect(await replayed.json()).toEqual(answer);
  });

  it('another payload under the same key is refused with 422, another buyer has keys of his own', async () => {
    expect((await placeOrder({ key: 'cart-4' })).status).toBe(201);
    const other = await placeOrder({ key: 'cart-4', body: { goods: 'teapot', quantity: 2 } });
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', status: 422 });

    const reordered = await placeOrder({ key: 'cart-4', body: { quantity: 1, goods: 'teapot' } });
    expect(reordered.headers.get('idempotency-replayed')).toBe('true');
    const grace = await placeOrder({ key: 'cart-4', buyer: 'grace' });
    expect(grace.status).toBe(201);
    expect(grace.headers.get('idempotency-replayed')).toBeNull();
    expect(await countOrders()).toBe(2);
  });
});

describe('what is kept', () => {
  it('a refusal: the retry gets it again, as problem+json, though the shop would accept by now', async () => {
    shop.refuses = true;
    const refused = await placeOrder({ key: 'cart-5' });
    expect(refused.status).toBe(409);
    shop.refuses = false;

    const retry = await placeOrder({ key: 'cart-5' });
    expect(retry.status).toBe(409);
    expect(retry.headers.get('idempotency-replayed')).toBe('true');
    expect(retry.headers.get('content-type')).toContain('application/problem+json');
    const { traceId: _ownTrace, ...kept } = (await refused.json()) as Record<string, unknown>;
    expect(await retry.json()).toMatchObject(kept);
  });

  it('never a 400: the corrected request under the same key is a first request', async () => {
    const invalid = await placeOrder({ key: 'cart-6', body: { goods: 'teapot', quantity: 0, price: '1' } });
    expect(invalid.status).toBe(400);
    expect(await invalid.json()).toMatchObject({ code: 'REQUEST_INVALID' });
    const corrected = await placeOrder({ key: 'cart-6' });
    expect(corrected.status).toBe(201);
    expect(corrected.headers.get('idempotency-replayed')).toBeNull();
  });

  it('for its lifetime: the sweep takes answered keys, not the pending ones', async () => {
    await placeOrder({ key: 'cart-7' });
    shop.betweenTransactions = gate.opened;
    const running = placeOrder({ key: 'cart-8' });
    await until(async () => (await countOrders()) === 2);

    expect(await purgeIdempotencyKeys(pool, 3_600_000)).toBe(0);
    await pool.query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'");
    expect(await purgeIdempotencyKeys(pool, 86_400_000)).toBe(1);
    gate.open();
    expect((await running).status).toBe(201);
  });
});

describe('a request without a usable key', () => {
  it.each([undefined, '', '""', '"open', 'two words', 'ä', `"${'x'.repeat(129)}"`])('%p gets 400', async (key) => {
    // fetch itself refuses what is not Latin-1 in a header; what it lets through must be refused by us.
    const response = await placeOrder(key === undefined ? {} : { key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REQUIRED' });
    expect(await countOrders()).toBe(0);
  });

  it('and without a token gets 401, before its key is looked at', async () => {
    const response = await fetch(`${service?.httpUrl}/orders`, {
      method: 'POST',
      headers: { 'idempotency-key': 'cart-9' },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });
});
