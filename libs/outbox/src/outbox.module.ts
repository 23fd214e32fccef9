import { ConfigurableModuleBuilder, Global, Inject, Injectable, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { OutboxRelayOptions } from './outbox.config.js';
import { observeRelay } from './outbox-metrics.js';
import { OutboxRelay } from './outbox-relay.js';

export interface OutboxModuleOptions extends OutboxRelayOptions {
  /** Where the relay's metrics are registered. */
  readonly registry?: Registry;
  /** Tells when there are shards that no relay sends. `Readiness` of @rocketshop/service-defaults fits. */
  readonly readiness?: OutboxReadiness | undefined;
}

interface OutboxReadiness {
  add(name: string, check: () => Promise<void>, options: { readonly required: boolean }): void;
}

/**
 * The check is not required. It says the same on every replica, so that a required one would take all of them from the buyers at
 * once, while their requests are written safely and only their messages wait.
 */
function observeShards(relay: OutboxRelay, readiness: OutboxReadiness): void {
  const check = async (): Promise<void> => {
    const free = await relay.freeShards();
    if (free > 0) throw new Error(`no relay sends the messages of ${free} shards`);
  };
  readiness.add('outbox', check, { required: false });
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<OutboxModuleOptions>({
  moduleName: 'Outbox',
})
  .setClassMethodName('forRoot')
  .build();

/** Starts the relay with the application, and stops it before connections close. */
@Injectable()
class RelayLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(OutboxRelay) private readonly relay: OutboxRelay) {}

  onApplicationBootstrap(): void {
    this.relay.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.relay.stop();
  }
}

/** Provides {@link OutboxRelay} to the whole application, and runs it. */
@Global()
@Module({
  providers: [
    {
      provide: OutboxRelay,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ registry, readiness, ...options }: OutboxModuleOptions) => {
        const relay = new OutboxRelay(options);
        if (registry) observeRelay(relay, registry);
        if (readiness) observeShards(relay, readiness);
        return relay;
      },
    },
    RelayLifecycle,
  ],
  exports: [OutboxRelay],
})
export class OutboxModule extends ConfigurableModuleClass {}
