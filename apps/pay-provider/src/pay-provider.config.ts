import {
  configField,
  demoFields,
  httpFields,
  internalFields,
  loadConfig,
  processFields,
} from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const fields = {
  ...httpFields(3010),
  ...internalFields(5010),
  publicUrl: configField.optional(
    configField.url({ reason: 'how buyers reach the pay page, if the pay service reaches it by another URL' }),
  ),
  dataFile: configField.text({
    default: 'data/pay-provider/ledger.jsonl',
    reason: 'file of the provider, which is the outside world and shares no database with the shop',
  }),
  callbackSecrets: configField.secrets({
    minLength: 16,
    max: 2,
    reason: 'sign the callbacks, one v1 for each; there are two during a rotation',
  }),
  merchantKey: configField.headerSecrets({
    minLength: 16,
    max: 2,
    reason: 'every request but those of the pay page must show one of these keys; two during a rotation',
  }),
  callbackAllow: configField.origins({
    default: 'http://127.0.0.1:3005',
    reason: 'origins to which callbacks go; a charge with another callback address is refused',
  }),
  callbackTimeoutMs: configField.integer({
    default: 5000,
    min: 1,
    reason: 'longest wait for the answer to a callback, which is then sent again',
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
    reason: 'attempts after which the provider gives up; the merchant must then ask',
  }),
  ...processFields(),
  ...demoFields(),
};

/** Every variable of the payment provider simulator. */
export type PayProviderConfig = ConfigOf<typeof fields>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadPayProviderConfig(environment: NodeJS.ProcessEnv = process.env): PayProviderConfig {
  return loadConfig(fields, environment);
}
