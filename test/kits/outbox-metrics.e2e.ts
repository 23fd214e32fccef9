import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { OutboxModule, OutboxRelay } from '@rocketshop/outbox';
import { Readiness } from '@rocketshop/service-defaults';
import { until } from '@rocketshop/shop-testkit';
import { Registry } from 'prom-client';
import { OutboxRelays } from './outbox-relays.js';

jest.setTimeout(60_000);

/** The relay looks at its shards when it starts, and not again during the story. */
const RARELY = { leaseTermMs: 600_000, rebalanceIntervalMs: 600_000 };

let outbox: OutboxRelays;
let app: INestApplicationContext;
let registry: Registry;
let readiness: Readiness;

beforeAll(async () => {
  outbox = await OutboxRelays.start();
}, 60_000);
afterAll(() => outbox.stop());
beforeEach(async () => {
  await outbox.openDatabase();
  [registry, readiness] = [new Registry(), new Readiness()];
  readiness.accept();
  const publisher = { publish: () => Promise.reject(new Error('the broker is away')) };
  const module = OutboxModule.forRoot({ pool: outbox.pool, publisher, registry, readiness, ...RARELY });
  app = await NestFactory.createApplicationContext(module, { logger: false });
  await until(() => app.get(OutboxRelay).state().shards === 16, { description: 'the relay to hold all shards' });
});
afterEach(async () => {
  await app.close();
  await outbox.closeDatabase();
});

async function scrape(name: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

it('a scrape says how many rows wait in this moment, and for how long', async () => {
  await outbox.commitRow('order', 1);
  await outbox.pool.query(`UPDATE outbox SET created_at = now() - interval '1 hour'`);
  expect(await scrape('outbox_oldest_unsent_seconds')).toBeGreaterThanOrEqual(3_600);
  expect(await scrape('outbox_unsent_rows')).toBe(1);
});

it('shards that no relay sends are in the metrics, and make readiness degraded', async () => {
  expect((await readiness.report()).details['outbox']).toMatchObject({ status: 'up' });
  await outbox.pool.query('UPDATE outbox_leases SET holder = NULL WHERE shard < 5');
  expect(await scrape('outbox_shards_without_relay')).toBe(5);
  const report = await readiness.report();
  expect(report.status).toBe('ok');
  expect(report.details['outbox']).toMatchObject({
    status: 'degraded',
    reason: 'no relay sends the messages of 5 shards',
  });
});

it('a scrape goes on without the database', async () => {
  await outbox.pool.query('ALTER TABLE outbox RENAME TO away');
  expect(await scrape('outbox_sent_total')).toBe(0);
  expect(await scrape('outbox_unsent_rows')).toBeNaN();
});
