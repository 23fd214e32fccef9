export { CouponModule } from './app.module.js';
export { loadCouponConfig, type CouponConfig } from './coupon.config.js';
export { databaseOptions } from './database/database-options.js';
export { QuoteCouponService } from './quote-coupon/quote-coupon.service.js';
export { RELEASE_COUPON_GROUP, ReleaseCouponService } from './release-coupon/release-coupon.service.js';
export { demoCoupons } from './reset-demo/demo-coupons.js';
export { ResetDemoService } from './reset-demo/reset-demo.service.js';
export { UseCouponService } from './use-coupon/use-coupon.service.js';
