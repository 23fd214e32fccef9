import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { SqlRunner } from '../sql.js';
import { CircuitBreaker } from './circuit-breaker.js';

export interface RedisHintsOptions {
  /** Whose committed facts the hints repeat: its id becomes part of every key. */
  readonly pool: Pool;
  /** redis://... Undefined: no hints, every question is answered by PostgreSQL. */
  readonly url?: string | undefined;
  /** A hint that takes longer is no help. @default 50 */
  readonly timeoutMs?: number;
}

export type HintsStatus = 'off' | 'connecting' | 'up' | 'down';

/** Longest pause between attempts to connect again. */
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
 * Redis as a fast path: a hit repeats something that was committed, a miss proves nothing, and no failure of Redis is
 * ever an error. Written after the commit only, since Redis cannot roll back.
 *
 * Every key begins with the random id that PostgreSQL keeps in `installation`, and the database's own number. A Redis
 * that served another database, or this one before it was dropped and made again, therefore has no hints for us.
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
    // Without a listener ioredis prints every failed attempt to connect.
    this.redis.on('error', () => undefined);
    // A refused first attempt rejects here, and goes on in the background by retryStrategy.
    this.redis.connect().catch(() => undefined);
  }

  get status(): HintsStatus {
    if (!this.redis) return 'off';
    if (this.redis.status === 'ready') return 'up';
    return this.redis.status === 'connecting' || this.redis.status === 'connect' ? 'connecting' : 'down';
  }

  /** The hint, or undefined when there is none, no Redis, or no answer in time. Never throws. */
  async get(kind: string, key: string): Promise<string | undefined> {
    const value = await this.attempt((redis, prefix) => redis.get(`${prefix}:${kind}:${key}`));
    return value ?? undefined;
  }

  /** Keeps a hint. Call after the commit, and never wait for it: it settles always, and nobody needs to know how. */
  async put(kind: string, key: string, value: string, keepMs: number): Promise<void> {
    await this.attempt((redis, prefix) => redis.set(`${prefix}:${kind}:${key}`, value, 'PX', keepMs));
  }

  /** Takes this installation's hints away, for a demo whose data was put back. What Redis does not do now ages out. */
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

/** The id is made by whoever asks first, not by the migration, so that databases cloned from a template do not share it. */
async function readNamespace(pool: Pool): Promise<string> {
  await pool.query('INSERT INTO installation (id) VALUES ($1) ON CONFLICT DO NOTHING', [randomUUID()]);
  const { rows } = await pool.query<{ namespace: string }>(
    `SELECT id || '.' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS namespace FROM installation`,
  );
  const namespace = rows[0]?.namespace;
  if (namespace === undefined) throw new Error('table installation is empty');
  return `rocketshop:${namespace}`;
}
