import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { HealthIndicatorService } from '@nestjs/terminus';
import { ROCKETMQ_DRIVER } from './driver.js';
import type { Driver } from './driver.js';
import { RocketmqHealthIndicator } from './health.js';
import type { RocketmqModuleOptions } from './rocketmq.config.js';
import { rocketmqDriver } from './rocketmq.driver.js';
import { installExceptionFilter } from './rocketmq.exception-filter.js';
import { RocketmqPublisher } from './rocketmq.publisher.js';
import { RocketmqServer } from './rocketmq.server.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<RocketmqModuleOptions>({ moduleName: 'Rocketmq' })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, extras) => ({ ...definition, global: extras.isGlobal }))
    .build();

/**
 * Provides RocketmqPublisher, RocketmqHealthIndicator and RocketmqServer: with `forRoot` and `forRootAsync` for the
 * whole application, with `register` and `registerAsync` for the importing module. The application connects the server
 * itself: `app.connectMicroservice({ strategy: app.get(RocketmqServer) })`.
 */
@Module({
  providers: [
    { provide: ROCKETMQ_DRIVER, useValue: rocketmqDriver },
    {
      provide: RocketmqPublisher,
      useFactory: (options: RocketmqModuleOptions, driver: Driver) => new RocketmqPublisher(options, driver),
      inject: [MODULE_OPTIONS_TOKEN, ROCKETMQ_DRIVER],
    },
    {
      provide: RocketmqServer,
      useFactory: (options: RocketmqModuleOptions, driver: Driver) => new RocketmqServer(options, driver),
      inject: [MODULE_OPTIONS_TOKEN, ROCKETMQ_DRIVER],
    },
    {
      provide: RocketmqHealthIndicator,
      useFactory: (server: RocketmqServer, options: RocketmqModuleOptions, driver: Driver) =>
        new RocketmqHealthIndicator(new HealthIndicatorService(), server, options, driver),
      inject: [RocketmqServer, MODULE_OPTIONS_TOKEN, ROCKETMQ_DRIVER],
    },
  ],
  exports: [RocketmqPublisher, RocketmqServer, RocketmqHealthIndicator],
})
export class RocketmqModule extends ConfigurableModuleClass {
  constructor(modules: ModulesContainer) {
    super();
    // When Nest constructs this module it knows all modules, and it has not registered any handler.
    installExceptionFilter(modules);
  }

  static register(options: typeof OPTIONS_TYPE): DynamicModule {
    return RocketmqModule.forRoot({ ...options, isGlobal: false });
  }

  static registerAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return RocketmqModule.forRootAsync({ ...options, isGlobal: false });
  }
}
