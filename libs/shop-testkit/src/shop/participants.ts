import { randomUUID } from 'node:crypto';
import { DEMO_COUPONS, DEMO_CURRENCY, DEMO_GOODS, DEMO_USERS } from '@rocketshop/contracts';
import type { orderCancelled, PayloadOf } from '@rocketshop/contracts';
import * as coupon from '@rocketshop/coupon';
import { OutboxRelay } from '@rocketshop/outbox';
import { deadlineIn } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';
import { Database, dataSourceOptions, Metrics, migrate, Secret } from '@rocketshop/service-defaults';
import type { DatabaseOptions } from '@rocketshop/service-defaults';
import * as stock from '@rocketshop/stock';
import * as user from '@rocketshop/user';
import { DataSource } from 'typeorm';
import { startPostgres } from '../servers/test-postgres.js';
import type { TestPostgres } from '../servers/test-postgres.js';

/** The answer to a deduct: `ok`, or the code of the refusal. */
type DeductAnswer = string;

/**
 * One replica of a participant: its service classes on its own connections, without a transport and without a process.
 * Every participant takes `unit` from one row for an order, so that one story holds for all three participants.
 */
export interface Participant {
  readonly name: 'stock' | 'coupon' | 'user';
  readonly database: Database;
  seed(): Promise<void>;
  /** The amount that one order takes: teapots, coupons or cents. */
  readonly unit: number;
  /** The table with the row that an order takes from, and a condition that selects this row only. */
  readonly row: { readonly table: string; readonly where: string };
  /** SQL that leaves nothing to take in the row. */
  readonly exhaust: string;
  /** SQL that makes the row serve orders again. */
  readonly replenish: string;
  deduct(orderId: string, deadline?: DeadlineInstant): Promise<DeductAnswer>;
  cancel(orderId: string): Promise<void>;
  /** The amount that is taken from the row now. */
  taken(): Promise<number>;
  close(): Promise<void>;
}

export const PARTICIPANT_NAMES = ['stock', 'coupon', 'user'] as const;
export type ParticipantName = (typeof PARTICIPANT_NAMES)[number];

const FAR_MS = 60_000;
/** A deadline that no story reaches. */
export const futureDeadline = (): DeadlineInstant => deadlineIn(FAR_MS);

export const newOrderId = (): string => randomUUID();

/** The message of a cancelled order that took `unit` from every participant. */
export function cancelled(
  orderId: string,
  items = [{ goodsId: DEMO_GOODS.teapot as string, quantity: 3 }],
): PayloadOf<typeof orderCancelled> {
  return {
    version: 1,
    orderId,
    userId: DEMO_USERS.ada,
    items,
    couponId: DEMO_COUPONS.adaFive,
    balanceUsed: '2500',
    currency: DEMO_CURRENCY,
    reason: 'OUT_OF_STOCK',
    cancelledAt: new Date().toISOString(),
  };
}

/** The databases of one story on one PostgreSQL, and the replicas of participants that use them. */
export class Participants {
  private opened: Participant[] = [];

  private constructor(private readonly postgres: TestPostgres) {}

  static async start(): Promise<Participants> {
    return new Participants(await startPostgres());
  }

  async stop(): Promise<void> {
    await this.closeAll();
    await this.postgres.stop();
  }

  /** Closes all replicas. Call it in `afterEach`: each replica holds up to 12 connections. */
  async closeAll(): Promise<void> {
    const opened = this.opened;
    this.opened = [];
    await Promise.all(opened.map((participant) => participant.close()));
  }

  /** Opens a participant on a new database with the demo data. */
  async open(name: ParticipantName): Promise<Participant> {
    const url = await this.postgres.createDatabaseFrom(`demo_${name}`, async (template) => {
      const participant = await CONNECT[name](template);
      await migrate(participant.database.dataSource, { url: template });
      await participant.seed();
      await participant.close();
    });
    return this.connect(name, url);
  }

  /** Opens one more replica: it has its own connections to the same database. */
  replicaOf(participant: Participant): Promise<Participant> {
    return this.connect(participant.name, urlOf(participant));
  }

  private async connect(name: ParticipantName, url: string): Promise<Participant> {
    const participant = await CONNECT[name](url);
    this.opened.push(participant);
    return participant;
  }
}

const urls = new WeakMap<Database, string>();
const urlOf = ({ database }: Participant): string => {
  const url = urls.get(database);
  if (url === undefined) throw new Error('not a participant of this story');
  return url;
};

async function openDatabase(url: string, optionsOf: OptionsOf): Promise<Database> {
  const config = { databaseUrl: new Secret(url), databasePoolMax: 12, batchLockTimeoutMs: LOCK_TIMEOUT_MS };
  const options = optionsOf(config);
  const database = new Database(await new DataSource(dataSourceOptions(options)).initialize(), options);
  urls.set(database, url);
  return database;
}

/**
 * These stories force races at row locks, and each needs the deduct's transaction open while it waits. So a shared transaction
 * waits as long as a story lasts; test/kits/batches-wait-and-break.e2e.ts shows how the batcher leaves a waiting request behind.
 */
const LOCK_TIMEOUT_MS = 14_000;

type OptionsOf = (config: {
  databaseUrl: Secret;
  databasePoolMax: number;
  batchLockTimeoutMs: number;
}) => DatabaseOptions;

/** A relay that is not started: rows stay in the outbox, where a story reads them. */
export const idleRelay = ({ pool }: Database): OutboxRelay =>
  new OutboxRelay({ pool, publisher: { publish: () => Promise.reject(new Error('nothing is sent in this story')) } });

const DEMO = { demoData: true };

const CONNECT: Record<ParticipantName, (url: string) => Promise<Participant>> = {
  async stock(url) {
    const database = await openDatabase(url, stock.databaseOptions);
    const metrics = new stock.RestoreStockMetrics(new Metrics('stock'));
    const deducts = new stock.DeductStockService(database);
    const restores = new stock.RestoreStockService(database, idleRelay(database), metrics);
    const items = [{ goodsId: DEMO_GOODS.teapot, quantity: 3 }];
    return {
      name: 'stock',
      database,
      seed: () => new stock.ResetDemoService(database, DEMO).seed(),
      unit: 3,
      row: { table: 'goods', where: `goods_id = '${DEMO_GOODS.teapot}'` },
      exhaust: `UPDATE goods SET available = 0, version = version + 1 WHERE goods_id = '${DEMO_GOODS.teapot}'`,
      replenish: `UPDATE goods SET available = 100, version = version + 1 WHERE goods_id = '${DEMO_GOODS.teapot}'`,
      deduct: async (orderId, deadline = futureDeadline()) =>
        codeOf(await deducts.deduct({ orderId, items }, deadline)),
      cancel: (orderId) => restores.restore(cancelled(orderId, items)),
      taken: () => readNumber(database, `SELECT initial_quantity - available FROM goods WHERE goods_id = 'teapot'`),
      close: () => database.close(),
    };
  },

  async coupon(url) {
    const database = await openDatabase(url, coupon.databaseOptions);
    const uses = new coupon.UseCouponService(database);
    const releases = new coupon.ReleaseCouponService(database, idleRelay(database));
    const call = { couponId: DEMO_COUPONS.adaFive, userId: DEMO_USERS.ada, discount: '500' };
    return {
      name: 'coupon',
      database,
      seed: () => new coupon.ResetDemoService(database, DEMO).seed(),
      unit: 1,
      row: { table: 'coupons', where: `coupon_id = '${DEMO_COUPONS.adaFive}'` },
      exhaust: `UPDATE coupons SET expires_at = now() WHERE coupon_id = '${DEMO_COUPONS.adaFive}'`,
      replenish: `UPDATE coupons SET expires_at = 'infinity' WHERE coupon_id = '${DEMO_COUPONS.adaFive}'`,
      deduct: async (orderId, deadline = futureDeadline()) => codeOf(await uses.use({ ...call, orderId }, deadline)),
      cancel: (orderId) => releases.release(cancelled(orderId)),
      taken: () => readNumber(database, `SELECT count(order_id) FROM coupons WHERE coupon_id = 'ada-five'`),
      close: () => database.close(),
    };
  },

  async user(url) {
    const database = await openDatabase(url, user.databaseOptions);
    const deducts = new user.DeductBalanceService(database);
    const returns = new user.ReturnBalanceService(database, idleRelay(database));
    const call = { userId: DEMO_USERS.ada, amount: '2500', currency: DEMO_CURRENCY };
    return {
      name: 'user',
      database,
      seed: () => new user.ResetDemoService(database, DEMO).seed(),
      unit: 2500,
      row: { table: 'accounts', where: `user_id = '${DEMO_USERS.ada}'` },
      exhaust: `UPDATE accounts SET balance = 0, version = version + 1 WHERE user_id = '${DEMO_USERS.ada}'`,
      replenish: `UPDATE accounts SET balance = 10000, version = version + 1 WHERE user_id = '${DEMO_USERS.ada}'`,
      deduct: async (orderId, deadline = futureDeadline()) =>
        codeOf(await deducts.deduct({ ...call, orderId }, deadline)),
      cancel: (orderId) => returns.return(cancelled(orderId)),
      taken: () => readNumber(database, `SELECT 10000 - balance FROM accounts WHERE user_id = 'ada'`),
      close: () => database.close(),
    };
  },
};

const codeOf = (answer: { ok: true } | { ok: false; code: string }): DeductAnswer => (answer.ok ? 'ok' : answer.code);

/** Reads the only number that `sql` selects. */
export async function readNumber({ pool }: Database, sql: string, values: readonly unknown[] = []): Promise<number> {
  const { rows } = await pool.query<Record<string, unknown>>(sql, [...values]);
  return Number(Object.values(rows[0] ?? {})[0]);
}

/** The number of deadlocks since the database was created. PostgreSQL ends a deadlock after a second, and its victim tries again. */
export const deadlocksOf = (database: Database): Promise<number> =>
  readNumber(database, 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');

/** The outcomes that the participant has written to its outbox for `orderId`. */
export async function answersTo({ database }: Participant, orderId: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ payload: { outcome: string; participant: string } }>(
    `SELECT payload FROM outbox WHERE order_key = $1 AND topic = 'order-compensated' ORDER BY id`,
    [orderId],
  );
  return rows.map((row) => row.payload.outcome);
}

export const lockRowOf = ({ row }: Participant): string => `SELECT FROM ${row.table} WHERE ${row.where} FOR UPDATE`;
