import { loadConfig, serviceFields, tokenFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3004, rpc: 4004, internal: 5004 }),
  ...tokenFields(),
};

/** Every variable of the user service. */
export type UserConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadUserConfig(environment: NodeJS.ProcessEnv = process.env): UserConfig {
  return loadConfig(FIELDS, environment);
}
