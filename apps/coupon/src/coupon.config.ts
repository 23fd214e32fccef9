import { loadConfig, serviceFields, tokenFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3003, rpc: 4003, internal: 5003 }),
  ...tokenFields(),
};

/** Every variable of the coupon service. */
export type CouponConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadCouponConfig(environment: NodeJS.ProcessEnv = process.env): CouponConfig {
  return loadConfig(FIELDS, environment);
}
