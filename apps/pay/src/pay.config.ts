import { configField, loadConfig, serviceFields, tokenFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3005, rpc: 4005 }),
  ...tokenFields(),
  orderRpc: configField.hostPorts({ default: '127.0.0.1:4001', reason: 'where order says who owes how much' }),
  rpcTimeoutMs: configField.integer({ default: 2_000, min: 1, reason: 'longest wait for the answer of order' }),
  providerUrl: configField.url({ default: 'http://127.0.0.1:3010', reason: 'where charges and refunds are asked for' }),
  providerTimeoutMs: configField.integer({
    default: 3_000,
    min: 1,
    reason: 'longest wait for one answer of the provider',
  }),
  merchantId: configField.text({
    default: 'rocketshop',
    reason: 'who we are at the provider; a callback for anybody else is refused',
  }),
  callbackUrl: configField.url({
    default: 'http://127.0.0.1:3005/payments/callback',
    reason: 'where the provider reaches us; it is told with every charge',
  }),
  callbackSecrets: configField.secrets({
    minLength: 16,
    max: 2,
    reason: 'what callbacks are signed with, newest first; two while one is being rotated',
  }),
  refundIntervalMs: configField.integer({
    default: 1_000,
    min: 10,
    reason: 'how often refunds that are not final yet are looked at',
  }),
};

/** Every variable of the pay service. */
export type PayConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadPayConfig(environment: NodeJS.ProcessEnv = process.env): PayConfig {
  return loadConfig(FIELDS, environment);
}
