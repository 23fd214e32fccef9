import { RocketmqHealthIndicator, RocketmqServer } from '@rocketshop/mq-nest';
import { runService } from '@rocketshop/service-defaults';
import { UserModule } from './app.module.js';
import { loadUserConfig } from './user.config.js';

await runService({
  name: 'user',
  loadConfig: () => loadUserConfig(),
  module: (config) => UserModule.forRoot(config),
  transports: (app) => [app.get(RocketmqServer)],
  optionalChecks: (app) => ({ broker: () => app.get(RocketmqHealthIndicator).reach() }),
  openApi: { title: 'user', description: 'Checks buyers, keeps their balances and the ledger.' },
});
