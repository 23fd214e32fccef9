import { configField, loadConfig, LOG_LEVELS, type ConfigOf } from '@rocketshop/service-defaults';

const fields = {
  httpPort: configField.port({
    default: 3010,
    reason: 'where the pay service and the paying buyer reach the provider',
  }),
  bindAddress: configField.text({ default: '127.0.0.1', reason: 'loopback unless a container or firewall guards it' }),
  publicUrl: configField.optional(
    configField.url({ reason: 'how buyers reach the pay page, where that differs from how the pay service does' }),
  ),
  dataFile: configField.text({
    default: 'data/pay-provider/ledger.jsonl',
    reason: "the provider's own memory: it is the outside world and shares no database with the shop",
  }),
  callbackSecrets: configField.secrets({
    minLength: 16,
    max: 2,
    reason: 'sign the callbacks, one v1 for each; two while one is being rotated',
  }),
  callbackTimeoutMs: configField.integer({
    default: 5000,
    min: 1,
    reason: 'a receiver that has not answered by then is tried again',
  }),
  callbackFirstRetryMs: configField.integer({
    default: 15_000,
    min: 1,
    reason: 'wait before the second attempt, doubled before each further one; divided by TIME_SCALE',
  }),
  callbackAttemptsMax: configField.integer({
    default: 12,
    min: 1,
    max: 50,
    reason: 'then the event is given up: whoever missed it must ask',
  }),
  timeScale: configField.factor({
    default: 1,
    reason: 'divides business time-outs and delays, so that an hour can be shown in a second',
  }),
  logLevel: configField.oneOf(LOG_LEVELS, { default: 'info', reason: 'least severe level that is written' }),
};

/** Every variable of the payment provider simulator. */
export type PayProviderConfig = ConfigOf<typeof fields>;

/** Injection token of the configuration. */
export const PAY_PROVIDER_CONFIG = Symbol('PAY_PROVIDER_CONFIG');

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadPayProviderConfig(environment: NodeJS.ProcessEnv = process.env): PayProviderConfig {
  return loadConfig(fields, environment);
}
