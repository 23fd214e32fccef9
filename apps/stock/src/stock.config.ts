import { loadConfig, serviceFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3002, rpc: 4002, internal: 5002 }),
};

/** Every variable of the stock service. */
export type StockConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadStockConfig(environment: NodeJS.ProcessEnv = process.env): StockConfig {
  return loadConfig(FIELDS, environment);
}
