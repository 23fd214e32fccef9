import { runService } from '@rocketshop/service-defaults';
import { PayProviderModule } from './app.module.js';
import { loadPayProviderConfig } from './pay-provider.config.js';

await runService({
  name: 'pay-provider',
  loadConfig: () => loadPayProviderConfig(),
  module: (config) => PayProviderModule.forRoot(config),
  openApi: {
    title: 'Payment provider simulator',
    description: 'Stands for the outside world: takes money, signs callbacks, and misbehaves on demand.',
  },
});
