import { ConfigurableModuleBuilder, Global, Inject, Injectable, Module } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { run } from '@rocketshop/pg';
import { purgeConsumedMessages } from './consume/claim-message.js';
import { AnswerHints } from './hints/answer-hints.js';
import { RedisHints } from './hints/redis-hints.js';
import { purgeIdempotencyKeys } from './http/idempotency-store.js';
import { KeyLookup } from './http/key-lookup.js';
import { IdempotencyMetrics } from './idempotency-metrics.js';
import { DAY_MS, withDefaults } from './idempotency.config.js';
import type { IdempotencyModuleOptions, ResolvedIdempotencyOptions } from './idempotency.config.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<IdempotencyModuleOptions>({
  moduleName: 'Idempotency',
})
  .setClassMethodName('forRoot')
  .build();

/** Deletes old keys and claims, and closes the connection to Redis at shutdown. */
@Injectable()
class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly options: ResolvedIdempotencyOptions;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) options: IdempotencyModuleOptions,
    private readonly hints: RedisHints,
  ) {
    this.options = withDefaults(options);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), this.options.sweepIntervalMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.hints.close();
  }

  private async sweep(): Promise<void> {
    const { pool, httpKeys, keepKeysMs, keepConsumedMs, logger } = this.options;
    try {
      if (httpKeys && Number.isFinite(keepKeysMs)) await purgeIdempotencyKeys(pool, keepKeysMs);
      await purgeConsumedMessages(pool, keepConsumedMs);
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
      useFactory: (options: IdempotencyModuleOptions) => {
        const { pool, redisUrl, redisTimeoutMs, logger } = withDefaults(options);
        return new RedisHints({ pool, url: redisUrl, timeoutMs: redisTimeoutMs, logger });
      },
    },
    {
      provide: AnswerHints,
      inject: [MODULE_OPTIONS_TOKEN, RedisHints],
      useFactory: (options: IdempotencyModuleOptions, hints: RedisHints) =>
        new AnswerHints(hints, Math.min(withDefaults(options).keepKeysMs, DAY_MS)),
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
