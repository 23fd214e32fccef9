import { Module } from '@nestjs/common';
import type {
  DynamicModule,
  InjectionToken,
  ModuleMetadata,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OptionalFactoryDependency,
} from '@nestjs/common';
import type { Pool } from 'pg';
import { purgeConsumedMessages } from './consume/claim-message.js';
import { AnswerHints } from './hints/answer-hints.js';
import { RedisHints } from './hints/redis-hints.js';
import { purgeIdempotencyKeys } from './http/idempotency-store.js';
import { KeyLookup } from './http/key-lookup.js';
import type { PgReader } from './sql.js';

export interface IdempotencyModuleOptions {
  readonly pool: Pool;
  /** Looks keys up. @default the pool */
  readonly reader?: PgReader;
  readonly redisUrl?: string | undefined;
  readonly redisTimeoutMs?: number;
  /**
   * Lifetime of a key, published to clients. Infinity: for ever, where one key must never make a second thing.
   * @default 86400000 (24 h)
   */
  readonly keepKeysMs?: number;
  /** Longer than the broker keeps messages. @default 2592000000 (30 days) */
  readonly keepConsumedMs?: number;
  /** @default 600000 */
  readonly sweepIntervalMs?: number;
  /** Set false where a service has no `idempotency_keys` table, since it only consumes. @default true */
  readonly httpKeys?: boolean;
  readonly logger?: { warn(fields: object, message: string): void };
}

export interface IdempotencyModuleAsyncOptions<Dependencies extends readonly unknown[]> extends Pick<
  ModuleMetadata,
  'imports'
> {
  readonly inject: { readonly [Index in keyof Dependencies]: InjectionToken | OptionalFactoryDependency };
  readonly useFactory: (...dependencies: Dependencies) => IdempotencyModuleOptions | Promise<IdempotencyModuleOptions>;
}

const OPTIONS = Symbol('IDEMPOTENCY_OPTIONS');
const DAY_MS = 86_400_000;

/** Throws old keys and claims away, and lets go of Redis at the end. */
class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: IdempotencyModuleOptions,
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
      logger?.warn({ err: error }, 'idempotency sweep failed; it is tried again');
    }
  }
}

/** Provides what `IdempotencyInterceptor` looks keys up with, and {@link RedisHints}, global; sweeps the tables. */
@Module({})
export class IdempotencyModule {
  static forRootAsync<const Dependencies extends readonly unknown[]>(
    options: IdempotencyModuleAsyncOptions<Dependencies>,
  ): DynamicModule {
    return {
      module: IdempotencyModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        {
          provide: OPTIONS,
          inject: [...options.inject],
          useFactory: (...dependencies: unknown[]) => options.useFactory(...(dependencies as unknown as Dependencies)),
        },
        { provide: RedisHints, inject: [OPTIONS], useFactory: createHints },
        {
          provide: AnswerHints,
          inject: [OPTIONS, RedisHints],
          useFactory: ({ keepKeysMs }: IdempotencyModuleOptions, hints: RedisHints) =>
            new AnswerHints(hints, Math.min(keepKeysMs ?? DAY_MS, DAY_MS)),
        },
        {
          provide: KeyLookup,
          inject: [OPTIONS, AnswerHints],
          useFactory: ({ pool, reader }: IdempotencyModuleOptions, hints: AnswerHints) =>
            new KeyLookup(reader ?? pool, hints),
        },
        {
          provide: Sweeper,
          inject: [OPTIONS, RedisHints],
          useFactory: (moduleOptions: IdempotencyModuleOptions, hints: RedisHints) => new Sweeper(moduleOptions, hints),
        },
      ],
      exports: [RedisHints, AnswerHints, KeyLookup],
    };
  }
}

function createHints({ pool, redisUrl, redisTimeoutMs }: IdempotencyModuleOptions): RedisHints {
  return new RedisHints({
    pool,
    url: redisUrl,
    ...(redisTimeoutMs === undefined ? {} : { timeoutMs: redisTimeoutMs }),
  });
}
