import { RedisHints } from '@rocketshop/idempotency';
import { RocketmqHealthIndicator, RocketmqServer } from '@rocketshop/mq-nest';
import { runService } from '@rocketshop/service-defaults';
import { PayModule } from './app.module.js';
import { loadPayConfig } from './pay.config.js';

await runService({
  name: 'pay',
  loadConfig: () => loadPayConfig(),
  module: (config) => PayModule.forRoot(config),
  transports: (app) => [app.get(RocketmqServer)],
  optionalChecks: (app) => ({
    broker: () => app.get(RocketmqHealthIndicator).reach(),
    redis: () => app.get(RedisHints).reach(),
  }),
  rawBody: true,
  openApi: {
    title: 'pay',
    description: 'Opens payments, checks signed callbacks, refunds payments that came too late.',
  },
});
