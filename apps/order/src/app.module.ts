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
import { AbandonOrderConsumer } from './abandon-order/abandon-order.consumer.js';
import { AbandonOrderService } from './abandon-order/abandon-order.service.js';
import { AnswerPayableRpc } from './answer-payable/answer-payable.rpc.js';
import { CancelOrderController } from './cancel-order/cancel-order.controller.js';
import { CancelOrderService } from './cancel-order/cancel-order.service.js';
import { CancelUnpaidOrderService } from './cancel-order/cancel-unpaid-order.service.js';
import { FinishCancelConsumer } from './finish-cancel/finish-cancel.consumer.js';
import { CloseUnpaidConsumer } from './close-unpaid/close-unpaid.consumer.js';
import { databaseOptions } from './database/database-options.js';
import type { OrderConfig } from './order.config.js';
import { ORDER_CONFIG } from './order.tokens.js';
import { OrderMetrics } from './observe-orders/order-metrics.js';
import { PlaceOrderController } from './place-order/place-order.controller.js';
import { PlaceOrderService } from './place-order/place-order.service.js';
import { PlaceOrderSteps } from './place-order/place-order.steps.js';
import { ReadOrderService } from './read-order/read-order.service.js';
import { ReadOrderController } from './read-order/read-order.controller.js';
import { RecordPaymentConsumer } from './record-payment/record-payment.consumer.js';
import { RecordPaymentService } from './record-payment/record-payment.service.js';
import { CouponRpc, PayRpc, StockRpc, UserRpc } from './remote-services.js';
import { ResetDemoController } from './reset-demo/reset-demo.controller.js';
import { OrdersSweeper } from './sweep-orders/orders.sweeper.js';
import { OrderTimer } from './timers/order-timer.js';

@Module({})
export class OrderModule {
  static forRoot(config: OrderConfig): DynamicModule {
    return {
      module: OrderModule,
      imports: [
        DatabaseModule.forRoot(databaseOptions(config)),
        RocketmqModule.forRootAsync({
          inject: [Metrics],
          useFactory: ({ registry }: Metrics) => ({
            namesrvAddr: config.namesrvAddr,
            timeScale: config.timeScale,
            producerGroup: 'order',
            authentication: {
              keys: config.serviceSecrets,
              sender: 'order',
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
            // A key belongs to one order for ever, so its row is kept as long as the order.
            keepKeysMs: Infinity,
          }),
        }),
      ],
      controllers: [
        PlaceOrderController,
        ReadOrderController,
        CancelOrderController,
        FinishCancelConsumer,
        RecordPaymentConsumer,
        AbandonOrderConsumer,
        CloseUnpaidConsumer,
        AnswerPayableRpc,
        ...(config.demoData ? [ResetDemoController] : []),
      ],
      providers: [
        { provide: ORDER_CONFIG, useValue: config },
        provideRpcClient(StockRpc, 'stock', config.stockRpc),
        provideRpcClient(CouponRpc, 'coupon', config.couponRpc),
        provideRpcClient(UserRpc, 'user', config.userRpc),
        provideRpcClient(PayRpc, 'pay', config.payRpc),
        PlaceOrderService,
        PlaceOrderSteps,
        CancelOrderService,
        CancelUnpaidOrderService,
        RecordPaymentService,
        AbandonOrderService,
        OrdersSweeper,
        OrderMetrics,
        OrderTimer,
        ReadOrderService,
      ],
    };
  }
}
