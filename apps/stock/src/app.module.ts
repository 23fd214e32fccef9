import { Module, type DynamicModule } from '@nestjs/common';
import { IdempotencyModule } from '@rocketshop/idempotency';
import { keyedPublisher, RocketmqModule, RocketmqPublisher } from '@rocketshop/mq-nest';
import { OutboxModule } from '@rocketshop/outbox';
import { DatabaseModule, LOGGER, Metrics, PG_POOL, traceHeaders, type Logger } from '@rocketshop/service-defaults';
import type { Pool } from 'pg';
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
        RocketmqModule.forRoot({
          namesrvAddr: config.namesrvAddr,
          timeScale: config.timeScale,
          producerGroup: 'stock',
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
