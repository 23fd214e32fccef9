export { UserModule } from './app.module.js';
export { databaseOptions } from './database/database-options.js';
export { DeductBalanceService } from './deduct-balance/deduct-balance.service.js';
export { ResetDemoService } from './reset-demo/reset-demo.service.js';
export { ReturnBalanceService } from './return-balance/return-balance.service.js';
export { loadUserConfig } from './user.config.js';
