import { RocketmqHealthIndicator, RocketmqServer } from '@rocketshop/mq-nest';
import { runService } from '@rocketshop/service-defaults';
import { StockModule } from './app.module.js';
import { loadStockConfig } from './stock.config.js';

await runService({
  name: 'stock',
  loadConfig: () => loadStockConfig(),
  module: (config) => StockModule.forRoot(config),
  transports: (app) => [app.get(RocketmqServer)],
  optionalChecks: (app) => ({ broker: () => app.get(RocketmqHealthIndicator).reach() }),
  openApi: { title: 'stock', description: 'Lists goods, quotes their prices, deducts and restores stock.' },
});
