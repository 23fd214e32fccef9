export { UserModule } from './app.module.js';
export { CheckUserService } from './check-user/check-user.service.js';
export { databaseOptions } from './database/database-options.js';
export { DeductBalanceService } from './deduct-balance/deduct-balance.service.js';
export { demoUsers } from './reset-demo/demo-users.js';
export { ResetDemoService } from './reset-demo/reset-demo.service.js';
export { RETURN_BALANCE_GROUP, ReturnBalanceService } from './return-balance/return-balance.service.js';
export { loadUserConfig, type UserConfig } from './user.config.js';
