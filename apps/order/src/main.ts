import { RedisHints } from '@rocketshop/idempotency';
import { RocketmqHealthIndicator, RocketmqServer } from '@rocketshop/mq-nest';
import { runService } from '@rocketshop/service-defaults';
import { OrderModule } from './app.module.js';
import { loadOrderConfig } from './order.config.js';

await runService({
  name: 'order',
  loadConfig: () => loadOrderConfig(),
  module: (config) => OrderModule.forRoot(config),
  transports: (app) => [app.get(RocketmqServer)],
  optionalChecks: (app) => ({
    broker: () => app.get(RocketmqHealthIndicator).reach(),
    redis: () => app.get(RedisHints).reach(),
  }),
  openApi: { title: 'order', description: 'Places orders, shows them, cancels and closes them.' },
});
