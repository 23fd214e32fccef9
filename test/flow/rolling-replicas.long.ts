import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { SERVICES, ShopClient, ShopSystem, until } from '@rocketshop/shop-testkit';
import type { ServiceName } from '@rocketshop/shop-testkit';
import pg from 'pg';
import { expectInvariants } from '../support/expect-invariants.js';

jest.setTimeout(600_000);

const BUYERS = 16;
const ORDERS_OF_A_PHASE = 75;
/** How long a buyer repeats his request, with the same key. */
const RETRY_FOR_MS = 10_000;
const UNDECIDED = new Set(['IDEMPOTENCY_KEY_PENDING', 'ORDER_NOT_PLACED', 'ORDER_UNDECIDED', 'UNAVAILABLE']);

interface Outcome {
  readonly tries: number;
  /** 201, the code of a refusal, or what was heard last when the buyer gave up. */
  readonly answer: string;
  readonly isFinal: boolean;
}

let system: ShopSystem;
let buyers: ShopClient[][];
beforeAll(async () => {
  // Longer limits than usual: on a machine that is busy with other work an order must not fail for that reason.
  const env = { order: { RPC_TIMEOUT_MS: '8000', FLOW_TIMEOUT_MS: '25000' } };
  system = await ShopSystem.start({ replicas: 2, timeScale: 60, redis: false, env });
  await fillShelves();
  buyers = await Promise.all(
    [0, 1].map((replica) => {
      const urls = { ...system.urls, order: system.url('order', replica), pay: system.url('pay', replica) };
      return Promise.all(['ada', 'grace', 'linus'].map((user) => ShopClient.logIn(urls, user)));
    }),
  );
}, 180_000);
afterAll(async () => {
  await system?.stop();
});

async function fillShelves(): Promise<void> {
  const client = new pg.Client({ connectionString: system.databaseUrl('stock') });
  await client.connect();
  await client.query('UPDATE goods SET initial_quantity = 100000, available = 100000, version = version + 1');
  await client.end();
}

async function buy(index: number): Promise<Outcome> {
  const key = randomUUID();
  const cart = { items: [{ goodsId: 'teapot', quantity: 1 }] };
  const startedAt = performance.now();
  for (let tries = 1; ; tries++) {
    const client = buyers[(index + tries) % 2]![index % 3]!;
    const answer = await client.placeOrder(cart, key).then(
      ({ status, body }) => (status === 201 ? '201' : (body.code ?? String(status))),
      () => 'NO_ANSWER',
    );
    const isFinal = answer !== 'NO_ANSWER' && !UNDECIDED.has(answer);
    if (isFinal || performance.now() - startedAt > RETRY_FOR_MS) return { tries, answer, isFinal };
    await pause(50);
  }
}

/** 16 buyers buy until `change` is over and they have placed enough orders. */
async function whileBuying(change: () => Promise<void>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let isOver = false;
  const crowd = Array.from({ length: BUYERS }, async (_, buyer) => {
    for (let n = buyer; !isOver || outcomes.length < ORDERS_OF_A_PHASE; n += BUYERS) outcomes.push(await buy(n));
  });
  await until(() => outcomes.length > BUYERS, { description: 'the crowd to buy' });
  await change().finally(() => (isOver = true));
  await Promise.all(crowd);
  return outcomes;
}

const unfinished = (outcomes: readonly Outcome[]) => outcomes.filter(({ isFinal }) => !isFinal);
const otherThan201 = (outcomes: readonly Outcome[]) => outcomes.filter(({ answer }) => answer !== '201');

async function restart(service: ServiceName, replica: number, end: () => Promise<unknown>): Promise<void> {
  await end();
  await system.startProgram(service, replica);
}

it.each(SERVICES.filter((service) => service !== 'order'))(
  'a clean stop of %s costs no order, and not even a repeated request',
  async (service) => {
    const outcomes = await whileBuying(() =>
      restart(service, 0, async () => expect(await system.process(service, 0).stop()).toBe(0)),
    );
    expect(outcomes.filter(({ tries, answer }) => tries > 1 || answer !== '201')).toEqual([]);
  },
);

it.each(SERVICES)('a crash of %s leaves no order without an answer', async (service) => {
  const outcomes = await whileBuying(() => restart(service, 1, () => system.killProgram(service, 1)));
  expect(unfinished(outcomes)).toEqual([]);
  expect(service === 'order' ? [] : otherThan201(outcomes)).toEqual([]);
});

it.each(SERVICES.filter((service) => service !== 'order'))('a frozen %s costs no order either', async (service) => {
  const frozen = system.process(service, 1);
  const outcomes = await whileBuying(async () => {
    frozen.signal('SIGSTOP');
    await pause(4_000);
    frozen.signal('SIGCONT');
  });
  expect(otherThan201(outcomes)).toEqual([]);
});

it('leaves every item, coupon and cent where it belongs', () => expectInvariants(system, 60_000));
