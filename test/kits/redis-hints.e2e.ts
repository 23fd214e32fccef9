import { chmod, chown, cp, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import {
  AnswerHints,
  claimMessage,
  consumeOnce,
  createConsumedMessagesTable,
  createInstallationTable,
  RedisHints,
} from '@rocketshop/idempotency';
import type { IdempotencyClaim } from '@rocketshop/idempotency';
import { transaction } from '@rocketshop/pg';
import {
  createPool,
  freePort,
  startPostgres,
  startPostgresServer,
  startRedisServer,
  until,
} from '@rocketshop/shop-testkit';
import type { RedisServer, TestPostgres } from '@rocketshop/shop-testkit';
import { Redis } from 'ioredis';
import type { Pool, PoolClient } from 'pg';
import { describeWithRedis } from '../support/redis.js';

// Real processes and servers: on a loaded machine a start alone can take seconds.
jest.setTimeout(60_000);

let postgres: TestPostgres;
let redis: RedisServer;
let port: number;
let admin: Redis;
const opened: { close(): void }[] = [];
const pools: Pool[] = [];

async function migrate(url: string): Promise<void> {
  const migrating = createPool(url);
  await createConsumedMessagesTable(migrating);
  await createInstallationTable(migrating);
  await migrating.query('CREATE TABLE effects (what text NOT NULL)');
  await migrating.end();
}

async function startOwnRedis(): Promise<RedisServer> {
  const server = await startRedisServer({ port });
  if (!server) throw new Error('no Redis on this machine');
  return server;
}

async function openDatabase(): Promise<Pool> {
  const pool = createPool(await postgres.createDatabaseFrom('consumer', migrate), { max: 60 });
  pools.push(pool);
  return pool;
}

async function openHints(pool: Pool): Promise<RedisHints> {
  const hints = new RedisHints({ pool, url: redis.url });
  opened.push(hints);
  await until(() => hints.status === 'up', { description: 'the hints to connect' });
  return hints;
}

const consume = (pool: Pool, businessKey: string, hints?: RedisHints) =>
  consumeOnce(
    {
      group: 'stock-restore-stock',
      businessKey,
      inTransaction: <T>(work: (client: PoolClient) => Promise<T>) => transaction(pool, work),
      ...(hints ? { hints } : {}),
    },
    async (client) => {
      await client.query('INSERT INTO effects (what) VALUES ($1)', [businessKey]);
    },
  );

/** What pg_basebackup does: copies the files of a running server, and writes the label that tells where its log begins. */
async function baseBackup(pool: Pool, home: string): Promise<void> {
  const client = await pool.connect();
  const copy = (folder: string) =>
    cp(join(home, 'data', folder), join(home, 'backup', folder), { recursive: true, force: true, filter: keeps });
  const keeps = (path: string) => !path.endsWith('postmaster.pid') && !path.endsWith('postmaster.opts');
  try {
    await client.query(`SELECT pg_backup_start('story', true)`);
    await copy('');
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await copy('pg_wal');
    await writeFile(join(home, 'backup', 'backup_label'), rows[0]?.labelfile ?? '');
    const { uid, gid } = await stat(join(home, 'data'));
    for (const file of ['', ...(await readdir(join(home, 'backup'), { recursive: true }))]) {
      await chown(join(home, 'backup', file), uid, gid);
    }
    await chmod(join(home, 'backup'), 0o700);
  } finally {
    client.release();
  }
}

const countEffects = async (pool: Pool): Promise<number> => {
  const { rows } = await pool.query<{ effects: number }>('SELECT count(*)::int AS effects FROM effects');
  return rows[0]?.effects ?? -1;
};

describeWithRedis('Redis as a fast path', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
    port = await freePort();
    redis = await startOwnRedis();
  }, 90_000);
  afterAll(async () => {
    await redis.stop();
    await postgres.stop();
  });
  beforeEach(() => {
    admin = new Redis(redis.url);
    admin.on('error', () => undefined);
  });
  afterEach(async () => {
    for (const closable of opened.splice(0)) closable.close();
    admin.disconnect();
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
  });

  it('a duplicate is recognised by its hint, without a transaction', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    expect(await consume(pool, 'order-1', hints)).toBe('PROCESSED');
    await until(async () => (await admin.dbsize()) > 0, { description: 'the hint' });
    await pool.query('DELETE FROM consumed_messages');

    expect(await consume(pool, 'order-1', hints)).toBe('DUPLICATE');
    expect(await countEffects(pool)).toBe(1);
  });

  it('flushed: the claim in PostgreSQL decides, and there is one effect', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    await consume(pool, 'order-1', hints);
    await admin.flushall();

    expect(await consume(pool, 'order-1', hints)).toBe('DUPLICATE');
    expect(await countEffects(pool)).toBe(1);
  });

  it('flushed again and again under concurrent duplicates: one effect each', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    const deliveries = Array.from({ length: 200 }, (_, index) => consume(pool, `order-${index % 20}`, hints));
    for (let round = 0; round < 10; round++) await admin.flushall();
    await Promise.all(deliveries);
    expect(await countEffects(pool)).toBe(20);
  });

  it('of another database: its hints are nobody else’s, even from a copy of the same template', async () => {
    const first = await openDatabase();
    const second = await openDatabase();
    await consume(first, 'order-1', await openHints(first));
    await until(async () => (await admin.keys('*consumed*')).length > 0, { description: 'the hint of the first' });

    expect(await consume(second, 'order-1', await openHints(second))).toBe('PROCESSED');
    expect(await countEffects(second)).toBe(1);
  });

  it('a transaction that rolled back leaves no hint', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    const failing = consumeOnce(
      { group: 'g', businessKey: 'order-9', hints, inTransaction: (work) => transaction(pool, work) },
      () => Promise.reject(new Error('the database said no')),
    );
    await expect(failing).rejects.toThrow('the database said no');

    expect(await hints.get('consumed', 'g:order-9')).toBeUndefined();
    expect(await consume(pool, 'order-9', hints)).toBe('PROCESSED');
  });

  it('down, hanging and back: slower, never an error', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    await hints.reach();
    await redis.stop();
    await until(() => hints.status !== 'up', { description: 'the hints to notice' });
    await expect(hints.reach()).rejects.toThrow(/PostgreSQL answers/);
    expect(await consume(pool, 'order-1', hints)).toBe('PROCESSED');
    expect(await consume(pool, 'order-1', hints)).toBe('DUPLICATE');

    redis = await startOwnRedis();
    await until(() => hints.status === 'up', { description: 'the hints to reconnect' });
    process.kill(redis.pid ?? 0, 'SIGSTOP');
    const startedAt = Date.now();
    for (let index = 0; index < 20; index++) await consume(pool, `hanging-${index}`, hints);
    // Three time-outs of 50 ms open the circuit; the other 37 questions do not wait at all.
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    process.kill(redis.pid ?? 0, 'SIGCONT');

    expect(await countEffects(pool)).toBe(21);
    await until(
      async () => {
        await hints.put('probe', 'key', 'value', 60_000);
        return (await hints.get('probe', 'key')) === 'value';
      },
      { description: 'the circuit to close', timeoutMs: 20_000 },
    );
  }, 40_000);

  it('a value that is not ours reads as a miss', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    const answers = new AnswerHints(hints, 60_000);
    const claim: IdempotencyClaim = { buyerId: 'ada', route: 'POST /orders', key: 'k', fingerprint: Buffer.from('f') };
    answers.put(claim, { status: 201, body: { orderId: 'o-1' } });
    await until(() => answers.get(claim), { description: 'the answer hint' });
    const [stored = ''] = await admin.keys('*answer*');
    await admin.set(stored, 'rubbish');
    expect(await answers.get(claim)).toBeUndefined();
  });

  it('of a database that was restored from a base backup: what was committed after the backup is no hint', async () => {
    const home = await mkdtemp(join(tmpdir(), 'rocketshop-base-backup-'));
    let server = await startPostgresServer({ dataDir: home, fsync: false });
    try {
      await migrate(server.url('postgres'));
      const before = createPool(server.url('postgres'));
      const hints = await openHints(before);
      await consume(before, 'order-before', hints);
      await baseBackup(before, home);
      await consume(before, 'order-after', hints);
      await until(() => hints.get('consumed', 'stock-restore-stock:order-after'), { description: 'the hint' });
      await before.end();
      await server.stop();

      await rm(join(home, 'data'), { recursive: true });
      await rename(join(home, 'backup'), join(home, 'data'));
      server = await startPostgresServer({ dataDir: home, port: server.port, fsync: false });
      const after = createPool(server.url('postgres'));
      pools.push(after);
      expect(await consume(after, 'order-before', await openHints(after))).toBe('DUPLICATE');
      expect(await consume(after, 'order-after', await openHints(after))).toBe('PROCESSED');
      expect(await countEffects(after)).toBe(2);
    } finally {
      await server.stop();
      await rm(home, { recursive: true });
    }
  });

  it('of a database that was reset under running services is not believed any more, from the commit of the reset on', async () => {
    const pool = await openDatabase();
    const hints = await openHints(pool);
    await consume(pool, 'order-1', hints);
    await until(() => hints.get('consumed', 'stock-restore-stock:order-1'), { description: 'the hint' });
    await transaction(pool, async (client) => {
      await client.query('TRUNCATE consumed_messages, effects');
      await hints.forgetAll(client);
    });
    expect(await consume(pool, 'order-1', hints)).toBe('PROCESSED');
    expect(await countEffects(pool)).toBe(1);
  });

  it('none at all: every question is answered by PostgreSQL', async () => {
    const pool = await openDatabase();
    const hints = new RedisHints({ pool });
    expect(hints.status).toBe('off');
    expect(await consume(pool, 'order-1', hints)).toBe('PROCESSED');
    expect(await consume(pool, 'order-1', hints)).toBe('DUPLICATE');
  });

  it('twenty deliveries of one message at once: one claims it', async () => {
    const pool = await openDatabase();
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => transaction(pool, (client) => claimMessage(client, 'group', 'order-1'))),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });
});
