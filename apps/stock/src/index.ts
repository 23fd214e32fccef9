export { databaseOptions } from './database/database-options.js';
export { DeductStockService } from './deduct-stock/deduct-stock.service.js';
export { QuoteGoodsService } from './quote-goods/quote-goods.service.js';
export { demoGoods } from './reset-demo/demo-goods.js';
export { ResetDemoService } from './reset-demo/reset-demo.service.js';
export { RestoreStockMetrics } from './restore-stock/restore-stock.metrics.js';
export { RESTORE_STOCK_GROUP, RestoreStockService } from './restore-stock/restore-stock.service.js';
export { SwapConflictError } from './restore-stock/swap-conflict.error.js';
export { loadStockConfig, type StockConfig } from './stock.config.js';
