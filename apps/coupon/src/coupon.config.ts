import { loadConfig, serviceFields, tokenFields, type ConfigOf } from '@rocketshop/service-defaults';

const fields = {
  ...serviceFields({ http: 3003, rpc: 4003 }),
  ...tokenFields(),
};

/** Every variable of the coupon service. */
export type CouponConfig = ConfigOf<typeof fields>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadCouponConfig(environment: NodeJS.ProcessEnv = process.env): CouponConfig {
  return loadConfig(fields, environment);
}
