export { StockModule } from './app.module.js';
export { databaseOptions } from './database/database-options.js';
export { DeductStockService } from './deduct-stock/deduct-stock.service.js';
export { ResetDemoService } from './reset-demo/reset-demo.service.js';
export { RestoreStockMetrics } from './restore-stock/restore-stock.metrics.js';
export { RestoreStockService } from './restore-stock/restore-stock.service.js';
export { SwapConflictError } from './restore-stock/swap-conflict.error.js';
export { loadStockConfig } from './stock.config.js';
