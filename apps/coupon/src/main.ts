import { RocketmqHealthIndicator, RocketmqServer } from '@rocketshop/mq-nest';
import { runService } from '@rocketshop/service-defaults';
import { CouponModule } from './app.module.js';
import { loadCouponConfig } from './coupon.config.js';

await runService({
  name: 'coupon',
  loadConfig: () => loadCouponConfig(),
  module: (config) => CouponModule.forRoot(config),
  transports: (app) => [app.get(RocketmqServer)],
  optionalChecks: (app) => ({ broker: () => app.get(RocketmqHealthIndicator).reach() }),
  openApi: { title: 'coupon', description: 'Lists coupons, quotes their discounts, uses and releases them.' },
});
