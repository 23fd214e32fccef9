import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MESSAGE_SENDERS } from '@rocketshop/contracts';
import { IdempotencyModule } from '@rocketshop/idempotency';
import { keyedPublisher, RocketmqModule, RocketmqPublisher } from '@rocketshop/mq-nest';
import { OutboxModule } from '@rocketshop/outbox';
import {
  Database,
  DatabaseModule,
  LOGGER,
  Metrics,
  Readiness,
  provideRpcClient,
  traceHeaders,
} from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { ClosePaymentRpc } from './close-payment/close-payment.rpc.js';
import { ClosePaymentService } from './close-payment/close-payment.service.js';
import { ClosePaymentConsumer } from './close-payment/close-payment.consumer.js';
import { databaseOptions } from './database/database-options.js';
import { OpenPaymentController } from './open-payment/open-payment.controller.js';
import { OpenPaymentService } from './open-payment/open-payment.service.js';
import type { PayConfig } from './pay.config.js';
import { PayMetrics } from './pay.metrics.js';
import { PAY_CONFIG } from './pay.tokens.js';
import { PollChargesSweeper } from './poll-charges/poll-charges.sweeper.js';
import { SettleChargeService } from './poll-charges/settle-charge.service.js';
import { ProviderClient } from './provider/provider-client.js';
import { ReadPaymentController } from './read-payment/read-payment.controller.js';
import { ReadPaymentService } from './read-payment/read-payment.service.js';
import { RawCallbackBody } from './receive-callback/raw-callback-body.js';
import { ReceiveCallbackController } from './receive-callback/receive-callback.controller.js';
import { ReceiveCallbackService } from './receive-callback/receive-callback.service.js';
import { RejectedCallbacks } from './receive-callback/rejected-callbacks.js';
import { RefundsSweeper } from './refund/refunds.sweeper.js';
import { OrderRpc } from './remote-services.js';
import { ResetDemoRpc } from './reset-demo/reset-demo.rpc.js';
import { ResetDemoService } from './reset-demo/reset-demo.service.js';

@Module({})
export class PayModule {
  static forRoot(config: PayConfig): DynamicModule {
    return {
      module: PayModule,
      imports: [
        DatabaseModule.forRoot(databaseOptions(config)),
        RocketmqModule.forRootAsync({
          inject: [Metrics],
          useFactory: ({ registry }: Metrics) => ({
            namesrvAddr: config.namesrvAddr,
            timeScale: config.timeScale,
            producerGroup: 'pay',
            authentication: {
              keys: config.serviceSecrets,
              sender: 'pay',
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
          inject: [Database, LOGGER, Metrics],
          useFactory: ({ pool, reader }: Database, logger: Logger, { registry }: Metrics) => ({
            pool,
            reader,
            logger,
            registry,
            redisUrl: config.redisUrl?.reveal(),
          }),
        }),
      ],
      controllers: [
        OpenPaymentController,
        ReceiveCallbackController,
        ReadPaymentController,
        ClosePaymentRpc,
        ClosePaymentConsumer,
        ResetDemoRpc,
      ],
      providers: [
        { provide: PAY_CONFIG, useValue: config },
        provideRpcClient(OrderRpc, 'order', config.orderRpc),
        OpenPaymentService,
        ReadPaymentService,
        ReceiveCallbackService,
        RawCallbackBody,
        RejectedCallbacks,
        ClosePaymentService,
        ProviderClient,
        RefundsSweeper,
        SettleChargeService,
        PollChargesSweeper,
        PayMetrics,
        ResetDemoService,
      ],
    };
  }
}
