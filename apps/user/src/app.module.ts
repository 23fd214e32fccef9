import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MESSAGE_SENDERS } from '@rocketshop/contracts';
import { IdempotencyModule } from '@rocketshop/idempotency';
import { keyedPublisher, RocketmqModule, RocketmqPublisher } from '@rocketshop/mq-nest';
import { OutboxModule } from '@rocketshop/outbox';
import { Database, DatabaseModule, LOGGER, Metrics, Readiness, traceHeaders } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { CheckUserRpc } from './check-user/check-user.rpc.js';
import { CheckUserService } from './check-user/check-user.service.js';
import { databaseOptions } from './database/database-options.js';
import { DeductBalanceRpc } from './deduct-balance/deduct-balance.rpc.js';
import { DeductBalanceService } from './deduct-balance/deduct-balance.service.js';
import { IssueTokenController } from './issue-token/issue-token.controller.js';
import { IssueTokenService } from './issue-token/issue-token.service.js';
import { ReadBalanceController } from './read-balance/read-balance.controller.js';
import { ReadBalanceService } from './read-balance/read-balance.service.js';
import { ResetDemoRpc } from './reset-demo/reset-demo.rpc.js';
import { ResetDemoService } from './reset-demo/reset-demo.service.js';
import { ReturnBalanceConsumer } from './return-balance/return-balance.consumer.js';
import { ReturnBalanceService } from './return-balance/return-balance.service.js';
import type { UserConfig } from './user.config.js';
import { USER_CONFIG } from './user.tokens.js';

@Module({})
export class UserModule {
  static forRoot(config: UserConfig): DynamicModule {
    return {
      module: UserModule,
      imports: [
        DatabaseModule.forRoot(databaseOptions(config)),
        RocketmqModule.forRootAsync({
          inject: [Metrics],
          useFactory: ({ registry }: Metrics) => ({
            namesrvAddr: config.namesrvAddr,
            timeScale: config.timeScale,
            producerGroup: 'user',
            authentication: {
              keys: config.serviceSecrets,
              sender: 'user',
              senders: MESSAGE_SENDERS,
              acceptUnsignedUntil: config.acceptUnsignedUntil,
            },
            traceHeaders,
            registry,
          }),
        }),
        OutboxModule.forRootAsync({
          inject: [Database, RocketmqPublisher, LOGGER, Metrics, Readiness],
          useFactory: (
            { pool }: Database,
            broker: RocketmqPublisher,
            logger: Logger,
            { registry }: Metrics,
            readiness: Readiness,
          ) => ({
            pool,
            publisher: keyedPublisher(broker),
            logger,
            registry,
            readiness,
          }),
        }),
        IdempotencyModule.forRootAsync({
          inject: [Database, LOGGER],
          useFactory: ({ pool }: Database, logger: Logger) => ({ pool, logger, httpKeys: false }),
        }),
      ],
      controllers: [
        CheckUserRpc,
        DeductBalanceRpc,
        ReturnBalanceConsumer,
        ReadBalanceController,
        ...(config.demoData ? [IssueTokenController] : []),
        ResetDemoRpc,
      ],
      providers: [
        { provide: USER_CONFIG, useValue: config },
        CheckUserService,
        DeductBalanceService,
        ReturnBalanceService,
        ReadBalanceService,
        IssueTokenService,
        ResetDemoService,
      ],
    };
  }
}
