import type { DatabaseOptions } from '@rocketshop/service-defaults';
import type { StockConfig } from '../stock.config.js';
import { GoodsEntity } from './entities/goods.entity.js';
import { StockCompensationLogEntity } from './entities/stock-compensation-log.entity.js';
import { StockSuccessLogEntity } from './entities/stock-success-log.entity.js';
import { CreateStock1780000000000 } from './migrations/1780000000000-create-stock.js';

/** The service's own database: its entities, and the migrations that make it. */
export const databaseOptions = (config: Pick<StockConfig, 'databaseUrl' | 'databasePoolMax'>): DatabaseOptions => ({
  url: config.databaseUrl.reveal(),
  poolMax: config.databasePoolMax,
  entities: [GoodsEntity, StockSuccessLogEntity, StockCompensationLogEntity],
  migrations: [CreateStock1780000000000],
  applicationName: 'stock',
});
