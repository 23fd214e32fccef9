import { randomUUID } from 'node:crypto';
import type { SqlRunner } from '@rocketshop/pg';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { CircuitBreaker } from './circuit-breaker.js';

export interface RedisHintsOptions {
  /** The database whose committed facts the hints repeat. Its id is part of every key. */
  readonly pool: Pool;
  /** redis://... Without it there are no hints, and PostgreSQL answers every question. */
  readonly url?: string | undefined;
  /** A hint that takes longer saves no time. @default 50 */
  readonly timeoutMs?: number | undefined;
}

export type HintsStatus = 'off' | 'connecting' | 'up' | 'down';

/** Longest pause between attempts to reconnect. */
const RECONNECT_MAX_MS = 2_000;
const SCAN_COUNT = 500;

const CREATE_INSTALLATION = `CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id uuid NOT NULL
  )`;

/** For the `up` of a migration: the table that keeps this database's random id. */
export async function createInstallationTable(runner: SqlRunner): Promise<void> {
  await runner.query(CREATE_INSTALLATION);
}

/** For the `down` of a migration. */
export async function dropInstallationTable(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE installation');
}

/**
 * Redis as a fast path. A hit repeats a committed fact, a miss proves nothing, and a failure of Redis is never an
 * error. Hints are written only after the commit, because Redis cannot roll back.
 *
 * Every key begins with the random id in the table `installation` and with the oid of the database. The hints of
 * another database, or of this one before it was dropped and created again, have other keys and are never read.
 */
export class RedisHints {
  private readonly redis: Redis | undefined;
  private readonly circuit = new CircuitBreaker({ failuresToOpen: 3, openMs: 1_000, openMaxMs: 15_000 });
  private readonly timeoutMs: number;
  private namespace: Promise<string> | undefined;

  constructor(private readonly options: RedisHintsOptions) {
    this.timeoutMs = options.timeoutMs ?? 50;
    if (options.url === undefined) return;
    this.redis = new Redis(options.url, {
      lazyConnect: true,
      connectTimeout: 1_000,
      commandTimeout: this.timeoutMs,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      enableReadyCheck: true,
      retryStrategy: (attempt) => Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(attempt, 10)),
    });
    // Without a listener, ioredis prints every failed attempt to connect.
    this.redis.on('error', () => undefined);
    // A first attempt that is refused rejects here. ioredis goes on in the background by retryStrategy.
    this.redis.connect().catch(() => undefined);
  }

  get status(): HintsStatus {
    if (!this.redis) return 'off';
    if (this.redis.status === 'ready') return 'up';
    return this.redis.status === 'connecting' || this.redis.status === 'connect' ? 'connecting' : 'down';
  }

  /** The hint; undefined if there is none, no Redis, or no answer in time. Never throws. */
  async get(kind: string, key: string): Promise<string | undefined> {
    const value = await this.attempt((redis, prefix) => redis.get(`${prefix}:${kind}:${key}`));
    return value ?? undefined;
  }

  /** Writes a hint. Call this after the commit and do not wait for it. The promise never rejects. */
  async put(kind: string, key: string, value: string, keepMs: number): Promise<void> {
    await this.attempt((redis, prefix) => redis.set(`${prefix}:${kind}:${key}`, value, 'PX', keepMs));
  }

  /** Deletes the hints of this installation, for a demo whose data was reset. If Redis fails now, the hints expire. */
  async forgetAll(): Promise<void> {
    await this.attempt(async (redis, prefix) => {
      let cursor = '0';
      do {
        const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}:*`, 'COUNT', SCAN_COUNT);
        if (keys.length > 0) await redis.unlink(...keys);
        cursor = next;
      } while (cursor !== '0');
    });
  }

  close(): void {
    this.redis?.disconnect();
  }

  private async attempt<T>(work: (redis: Redis, prefix: string) => Promise<T>): Promise<T | undefined> {
    const { redis } = this;
    if (!redis || redis.status !== 'ready' || !this.circuit.allows()) return undefined;
    const prefix = await this.prefix();
    if (prefix === undefined) return undefined;
    try {
      const result = await work(redis, prefix);
      this.circuit.succeeded();
      return result;
    } catch {
      this.circuit.failed();
      return undefined;
    }
  }

  private async prefix(): Promise<string | undefined> {
    this.namespace ??= readNamespace(this.options.pool);
    try {
      return await this.namespace;
    } catch {
      this.namespace = undefined;
      return undefined;
    }
  }
}

/** The first caller inserts the id. If the migration did it, databases cloned from one template would share the id. */
async function readNamespace(pool: Pool): Promise<string> {
  await pool.query('INSERT INTO installation (id) VALUES ($1) ON CONFLICT DO NOTHING', [randomUUID()]);
  const { rows } = await pool.query<{ namespace: string }>(
    `SELECT id || '.' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS namespace FROM installation`,
  );
  const namespace = rows[0]?.namespace;
  if (namespace === undefined) throw new Error('table installation is empty');
  return `rocketshop:${namespace}`;
}
