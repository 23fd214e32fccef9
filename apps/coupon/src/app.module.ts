import { Module, type DynamicModule } from '@nestjs/common';
import { IdempotencyModule } from '@rocketshop/idempotency';
import { keyedPublisher, RocketmqModule, RocketmqPublisher } from '@rocketshop/mq-nest';
import { OutboxModule } from '@rocketshop/outbox';
import { DatabaseModule, LOGGER, Metrics, PG_POOL, traceHeaders, type Logger } from '@rocketshop/service-defaults';
import type { Pool } from 'pg';
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
        RocketmqModule.forRoot({
          namesrvAddr: config.namesrvAddr,
          timeScale: config.timeScale,
          producerGroup: 'coupon',
          traceHeaders,
        }),
        OutboxModule.forRootAsync({
          inject: [PG_POOL, RocketmqPublisher, LOGGER, Metrics],
          useFactory: (pool: Pool, publisher: RocketmqPublisher, logger: Logger, { registry }: Metrics) => ({
            pool,
            publisher: keyedPublisher(publisher),
            logger,
            registry,
          }),
        }),
        IdempotencyModule.forRootAsync({
          inject: [PG_POOL, LOGGER],
          useFactory: (pool: Pool, logger: Logger) => ({ pool, logger, httpKeys: false }),
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
