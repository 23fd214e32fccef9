import { ConfigurableModuleBuilder, Global, Inject, Injectable, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { OutboxRelayOptions } from './outbox.config.js';
import { observeRelay } from './outbox-metrics.js';
import { OutboxRelay } from './outbox-relay.js';

export interface OutboxModuleOptions extends OutboxRelayOptions {
  /** Where the relay's metrics are registered. */
  readonly registry?: Registry;
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
      useFactory: ({ registry, ...options }: OutboxModuleOptions) => {
        const relay = new OutboxRelay(options);
        if (registry) observeRelay(relay, registry);
        return relay;
      },
    },
    RelayLifecycle,
  ],
  exports: [OutboxRelay],
})
export class OutboxModule extends ConfigurableModuleClass {}
