import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MESSAGE_SENDERS } from '@rocketshop/contracts';
import { IdempotencyModule } from '@rocketshop/idempotency';
import { keyedPublisher, RocketmqModule, RocketmqPublisher } from '@rocketshop/mq-nest';
import { OutboxModule } from '@rocketshop/outbox';
import { Database, DatabaseModule, LOGGER, Metrics, Readiness, traceHeaders } from '@rocketshop/service-defaults';
import type { Logger } from '@rocketshop/service-defaults';
import { databaseOptions } from './database/database-options.js';
import { DeductStockRpc } from './deduct-stock/deduct-stock.rpc.js';
import { DeductStockService } from './deduct-stock/deduct-stock.service.js';
import { ListGoodsController } from './list-goods/list-goods.controller.js';
import { ListGoodsService } from './list-goods/list-goods.service.js';
import { QuoteGoodsRpc } from './quote-goods/quote-goods.rpc.js';
import { QuoteGoodsService } from './quote-goods/quote-goods.service.js';
import { ResetDemoRpc } from './reset-demo/reset-demo.rpc.js';
import { ResetDemoService } from './reset-demo/reset-demo.service.js';
import { RestoreStockConsumer } from './restore-stock/restore-stock.consumer.js';
import { RestoreStockMetrics } from './restore-stock/restore-stock.metrics.js';
import { RestoreStockService } from './restore-stock/restore-stock.service.js';
import type { StockConfig } from './stock.config.js';
import { STOCK_CONFIG } from './stock.tokens.js';

@Module({})
export class StockModule {
  static forRoot(config: StockConfig): DynamicModule {
    return {
      module: StockModule,
      imports: [
        DatabaseModule.forRoot(databaseOptions(config)),
        RocketmqModule.forRootAsync({
          inject: [Metrics],
          useFactory: ({ registry }: Metrics) => ({
            namesrvAddr: config.namesrvAddr,
            timeScale: config.timeScale,
            producerGroup: 'stock',
            authentication: {
              keys: config.serviceSecrets,
              sender: 'stock',
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
      controllers: [QuoteGoodsRpc, DeductStockRpc, RestoreStockConsumer, ListGoodsController, ResetDemoRpc],
      providers: [
        { provide: STOCK_CONFIG, useValue: config },
        QuoteGoodsService,
        DeductStockService,
        RestoreStockService,
        RestoreStockMetrics,
        ListGoodsService,
        ResetDemoService,
      ],
    };
  }
}
