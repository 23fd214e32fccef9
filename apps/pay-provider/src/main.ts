import { runService } from '@rocketshop/service-defaults';
import { AppModule } from './app.module.js';
import { loadPayProviderConfig } from './pay-provider.config.js';

await runService({
  name: 'pay-provider',
  loadConfig: loadPayProviderConfig,
  module: (config) => AppModule.forRoot(config),
  openApi: {
    title: 'Payment provider simulator',
    description: 'The outside world: takes money, signs callbacks, and misbehaves on demand.',
  },
});
