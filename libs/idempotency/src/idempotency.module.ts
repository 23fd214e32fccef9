import { ConfigurableModuleBuilder, Global, Inject, Injectable, Module } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { run } from '@rocketshop/pg';
import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { purgeConsumedMessages } from './consume/claim-message.js';
import { AnswerHints } from './hints/answer-hints.js';
import { RedisHints } from './hints/redis-hints.js';
import { purgeIdempotencyKeys } from './http/idempotency-store.js';
import type { StatementReader } from './http/idempotency-store.js';
import { KeyLookup } from './http/key-lookup.js';
import { IdempotencyMetrics } from './idempotency-metrics.js';

export interface IdempotencyModuleOptions {
  readonly pool: Pool;
  /** Reads keys. @default the pool */
  readonly reader?: StatementReader;
  readonly redisUrl?: string | undefined;
  readonly redisTimeoutMs?: number;
  /**
   * Lifetime of a key, published to clients. With Infinity a key lives for ever and never makes a second resource.
   * @default 86400000 (24 h)
   */
  readonly keepKeysMs?: number;
  /** Longer than the broker keeps messages. @default 2592000000 (30 days) */
  readonly keepConsumedMs?: number;
  /** @default 600000 */
  readonly sweepIntervalMs?: number;
  /** False for a service without an `idempotency_keys` table, because it only consumes. @default true */
  readonly httpKeys?: boolean;
  readonly logger?: Record<'info' | 'warn', (fields: object, message: string) => void>;
  /** Where the metrics are registered. @default there are none */
  readonly registry?: Registry;
}

const DAY_MS = 86_400_000;

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<IdempotencyModuleOptions>({
  moduleName: 'Idempotency',
})
  .setClassMethodName('forRoot')
  .build();

/** Deletes old keys and claims, and closes the connection to Redis at shutdown. */
@Injectable()
class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: IdempotencyModuleOptions,
    private readonly hints: RedisHints,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), this.options.sweepIntervalMs ?? 600_000);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.hints.close();
  }

  private async sweep(): Promise<void> {
    const { pool, httpKeys, keepKeysMs, keepConsumedMs, logger } = this.options;
    try {
      const keepMs = keepKeysMs ?? DAY_MS;
      if ((httpKeys ?? true) && Number.isFinite(keepMs)) await purgeIdempotencyKeys(pool, keepMs);
      await purgeConsumedMessages(pool, keepConsumedMs ?? 30 * DAY_MS);
    } catch (error) {
      logger?.warn({ err: error }, 'idempotency sweep failed; the next one tries again');
    }
  }
}

/** Provides {@link RedisHints} and what `IdempotencyInterceptor` needs, globally, and sweeps the tables. */
@Global()
@Module({
  providers: [
    {
      provide: RedisHints,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ pool, redisUrl, redisTimeoutMs, logger }: IdempotencyModuleOptions) =>
        new RedisHints({ pool, url: redisUrl, timeoutMs: redisTimeoutMs, logger }),
    },
    {
      provide: AnswerHints,
      inject: [MODULE_OPTIONS_TOKEN, RedisHints],
      useFactory: ({ keepKeysMs }: IdempotencyModuleOptions, hints: RedisHints) =>
        new AnswerHints(hints, Math.min(keepKeysMs ?? DAY_MS, DAY_MS)),
    },
    {
      provide: KeyLookup,
      inject: [MODULE_OPTIONS_TOKEN, AnswerHints],
      useFactory: ({ pool, reader }: IdempotencyModuleOptions, hints: AnswerHints) =>
        new KeyLookup(reader ?? { query: (statement) => run(pool, statement) }, hints),
    },
    {
      provide: IdempotencyMetrics,
      inject: [MODULE_OPTIONS_TOKEN, RedisHints],
      useFactory: ({ registry }: IdempotencyModuleOptions, hints: RedisHints) =>
        new IdempotencyMetrics(hints, registry),
    },
    Sweeper,
  ],
  exports: [RedisHints, AnswerHints, KeyLookup, IdempotencyMetrics],
})
export class IdempotencyModule extends ConfigurableModuleClass {}
