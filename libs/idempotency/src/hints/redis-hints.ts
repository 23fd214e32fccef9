import { durationProblems } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { IdempotencyOptionsError } from '../errors.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { DatabaseState } from './database-state.js';

export interface RedisHintsOptions {
  /** The database whose committed facts the hints repeat. Its state is part of every key. */
  readonly pool: Pool;
  /** redis://... Without it there are no hints, and PostgreSQL answers every question. */
  readonly url?: string | undefined;
  /** A hint that takes longer saves no time. @default 50 */
  readonly timeoutMs?: number | undefined;
  readonly logger?: HintsLogger | undefined;
}

interface HintsLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export type HintsStatus = 'off' | 'connecting' | 'up' | 'down';
/** What came of a question to Redis. Unasked: it is not connected, or failed the last questions, or the database is silent. */
export type HintOutcome = 'hit' | 'miss' | 'failed' | 'unasked';

/** Longest pause between attempts to reconnect. */
const RECONNECT_MAX_MS = 2_000;
/** Nobody restores a database in that time: the server must stop and start again, or the data must be copied. */
const BELIEVE_STATE_MS = 250;

/** Nobody waits for a hint to be written. */
const PUT_WAIT_MAX_MS = 2_000;

/**
 * Redis as a fast path. A hit repeats a committed fact, a miss proves nothing, and a failure of Redis is never an
 * error. Hints are written only after the commit, because Redis cannot roll back.
 *
 * Every key begins with the state of the database. The hints of another database, or of this one before it was restored from a
 * backup or created again, have other keys and are never read.
 */
export class RedisHints {
  /** Number of questions by what came of them. */
  readonly outcomes: Record<HintOutcome, number> = { hit: 0, miss: 0, failed: 0, unasked: 0 };
  private readonly redis: Redis | undefined;
  private readonly circuit = new CircuitBreaker({ failuresToOpen: 3, openMs: 1_000, openMaxMs: 15_000 });
  private readonly database: DatabaseState;
  private readonly timeoutMs: number;
  private isReportedDown = false;

  /** @throws {IdempotencyOptionsError} */
  constructor(private readonly options: RedisHintsOptions) {
    const problems = durationProblems({ timeoutMs: options.timeoutMs });
    if (problems.length > 0) throw new IdempotencyOptionsError(problems);
    this.timeoutMs = options.timeoutMs ?? 50;
    this.database = new DatabaseState({ pool: options.pool, believeMs: BELIEVE_STATE_MS });
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
    this.redis.on('error', (error) => this.reportDown(error));
    this.redis.on('ready', () => this.reportUp());
    // A first attempt that is refused rejects here. ioredis goes on in the background by retryStrategy.
    this.redis.connect().catch(() => undefined);
  }

  get status(): HintsStatus {
    if (!this.redis) return 'off';
    if (this.redis.status === 'ready') return this.circuit.isClosed ? 'up' : 'down';
    return this.redis.status === 'connecting' || this.redis.status === 'connect' ? 'connecting' : 'down';
  }

  /** For a readiness check. @throws while Redis does not answer; the service works without it */
  async reach(): Promise<void> {
    if (this.status === 'off') return;
    await this.get('readiness', 'probe');
    if (this.status !== 'up') throw new Error(`Redis is ${this.status}; PostgreSQL answers all questions`);
  }

  /** The hint; undefined if there is none, no Redis, or no answer in time. Never throws. */
  async get(kind: string, key: string): Promise<string | undefined> {
    const value = await this.attempt(this.timeoutMs, (redis, prefix) => redis.get(`${prefix}:${kind}:${key}`));
    if (value !== undefined) this.outcomes[value === null ? 'miss' : 'hit']++;
    return value ?? undefined;
  }

  /** Writes a hint. Call this after the commit and do not wait for it. The promise never rejects. */
  async put(kind: string, key: string, value: string, keepMs: number): Promise<void> {
    await this.attempt(PUT_WAIT_MAX_MS, (redis, prefix) =>
      redis.set(`${prefix}:${kind}:${key}`, value, 'PX', Math.ceil(keepMs)),
    );
  }

  /**
   * Makes all hints worthless, in the transaction of `client` that deletes the data: their keys are no longer those of this database.
   * Redis deletes them when their time is over.
   */
  async forgetAll(client: PgClient): Promise<void> {
    await this.database.renew(client);
  }

  close(): void {
    this.redis?.disconnect();
  }

  private async attempt<T>(
    waitMaxMs: number,
    work: (redis: Redis, prefix: string) => Promise<T>,
  ): Promise<T | undefined> {
    const { redis } = this;
    if (!redis) return undefined;
    const isAsked = redis.status === 'ready' && this.circuit.allows();
    const state = isAsked ? await this.database.current(waitMaxMs) : undefined;
    if (state === undefined) {
      if (isAsked) this.circuit.gaveUp();
      this.outcomes.unasked++;
      return undefined;
    }
    try {
      const result = await work(redis, `rocketshop:${state}`);
      this.circuit.succeeded();
      this.reportUp();
      return result;
    } catch (error) {
      this.circuit.failed();
      if (!this.circuit.isClosed) this.reportDown(error);
      this.outcomes.failed++;
      return undefined;
    }
  }

  private reportDown(error: unknown): void {
    if (this.isReportedDown) return;
    this.isReportedDown = true;
    this.options.logger?.warn({ err: error }, 'Redis does not answer; PostgreSQL answers all questions');
  }

  private reportUp(): void {
    if (!this.isReportedDown) return;
    this.isReportedDown = false;
    this.options.logger?.info({}, 'Redis answers again');
  }
}
