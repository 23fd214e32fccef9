export { CouponModule } from './app.module.js';
export { loadCouponConfig } from './coupon.config.js';
export { databaseOptions } from './database/database-options.js';
export { ReleaseCouponService } from './release-coupon/release-coupon.service.js';
export { ResetDemoService } from './reset-demo/reset-demo.service.js';
export { UseCouponService } from './use-coupon/use-coupon.service.js';
