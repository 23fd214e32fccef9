import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MESSAGE_SENDERS } from '@rocketshop/contracts';
import { IdempotencyModule } from '@rocketshop/idempotency';
import { keyedPublisher, RocketmqModule, RocketmqPublisher } from '@rocketshop/mq-nest';
import { OutboxModule } from '@rocketshop/outbox';
import { Database, DatabaseModule, LOGGER, Metrics, Readiness, traceHeaders } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import type { CouponConfig } from './coupon.config.js';
import { COUPON_CONFIG } from './coupon.tokens.js';
import { databaseOptions } from './database/database-options.js';
import { ListCouponsController } from './list-coupons/list-coupons.controller.js';
import { ListCouponsService } from './list-coupons/list-coupons.service.js';
import { QuoteCouponRpc } from './quote-coupon/quote-coupon.rpc.js';
import { QuoteCouponService } from './quote-coupon/quote-coupon.service.js';
import { ReleaseCouponConsumer } from './release-coupon/release-coupon.consumer.js';
import { ReleaseCouponService } from './release-coupon/release-coupon.service.js';
import { ResetDemoRpc } from './reset-demo/reset-demo.rpc.js';
import { ResetDemoService } from './reset-demo/reset-demo.service.js';
import { UseCouponRpc } from './use-coupon/use-coupon.rpc.js';
import { UseCouponService } from './use-coupon/use-coupon.service.js';

@Module({})
export class CouponModule {
  static forRoot(config: CouponConfig): DynamicModule {
    return {
      module: CouponModule,
      imports: [
        DatabaseModule.forRoot(databaseOptions(config)),
        RocketmqModule.forRootAsync({
          inject: [Metrics],
          useFactory: ({ registry }: Metrics) => ({
            namesrvAddr: config.namesrvAddr,
            timeScale: config.timeScale,
            producerGroup: 'coupon',
            authentication: {
              keys: config.serviceSecrets,
              sender: 'coupon',
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
      controllers: [QuoteCouponRpc, UseCouponRpc, ReleaseCouponConsumer, ListCouponsController, ResetDemoRpc],
      providers: [
        { provide: COUPON_CONFIG, useValue: config },
        QuoteCouponService,
        UseCouponService,
        ReleaseCouponService,
        ListCouponsService,
        ResetDemoService,
      ],
    };
  }
}
