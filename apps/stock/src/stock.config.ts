import { loadConfig, serviceFields, type ConfigOf } from '@rocketshop/service-defaults';

const fields = {
  ...serviceFields({ http: 3002, rpc: 4002 }),
};

/** Every variable of the stock service. */
export type StockConfig = ConfigOf<typeof fields>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadStockConfig(environment: NodeJS.ProcessEnv = process.env): StockConfig {
  return loadConfig(fields, environment);
}
