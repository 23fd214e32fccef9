import { Module } from '@nestjs/common';
import type {
  BeforeApplicationShutdown,
  DynamicModule,
  InjectionToken,
  ModuleMetadata,
  OnApplicationBootstrap,
  OptionalFactoryDependency,
} from '@nestjs/common';
import type { Registry } from 'prom-client';
import { observeRelay } from './outbox-metrics.js';
import { OutboxRelay } from './outbox-relay.js';
import type { OutboxRelayOptions } from './outbox-relay.js';

export interface OutboxModuleOptions extends OutboxRelayOptions {
  /** Where the relay's metrics are registered. */
  readonly registry?: Registry;
}

export interface OutboxModuleAsyncOptions<Dependencies extends readonly unknown[]> extends Pick<
  ModuleMetadata,
  'imports'
> {
  readonly inject: { readonly [Index in keyof Dependencies]: InjectionToken | OptionalFactoryDependency };
  readonly useFactory: (...dependencies: Dependencies) => OutboxModuleOptions | Promise<OutboxModuleOptions>;
}

/** Starts the relay with the application, stops it before connections close. */
class RelayLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly relay: OutboxRelay) {}

  onApplicationBootstrap(): void {
    this.relay.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.relay.stop();
  }
}

/** Provides {@link OutboxRelay}, global, and runs it. */
@Module({})
export class OutboxModule {
  static forRootAsync<const Dependencies extends readonly unknown[]>(
    options: OutboxModuleAsyncOptions<Dependencies>,
  ): DynamicModule {
    return {
      module: OutboxModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        {
          provide: OutboxRelay,
          inject: [...options.inject],
          useFactory: async (...dependencies: unknown[]) => {
            const { registry, ...relayOptions } = await options.useFactory(
              ...(dependencies as unknown as Dependencies),
            );
            const relay = new OutboxRelay(relayOptions);
            if (registry) observeRelay(relay, registry);
            return relay;
          },
        },
        {
          provide: RelayLifecycle,
          useFactory: (relay: OutboxRelay) => new RelayLifecycle(relay),
          inject: [OutboxRelay],
        },
      ],
      exports: [OutboxRelay],
    };
  }
}
