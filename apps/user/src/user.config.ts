import { loadConfig, serviceFields, tokenFields, type ConfigOf } from '@rocketshop/service-defaults';

const fields = {
  ...serviceFields({ http: 3004, rpc: 4004 }),
  ...tokenFields(),
};

/** Every variable of the user service. */
export type UserConfig = ConfigOf<typeof fields>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadUserConfig(environment: NodeJS.ProcessEnv = process.env): UserConfig {
  return loadConfig(fields, environment);
}
