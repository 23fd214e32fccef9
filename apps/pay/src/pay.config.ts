import { configField, loadConfig, serviceFields, tokenFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3005, rpc: 4005, internal: 5005 }),
  ...tokenFields(),
  orderRpc: configField.hostPorts({
    default: '127.0.0.1:4001',
    reason: 'RPC address of order, which tells what a buyer has to pay',
  }),
  rpcTimeoutMs: configField.integer({ default: 2_000, min: 1, reason: 'longest wait for one answer of order' }),
  providerUrl: configField.url({ default: 'http://127.0.0.1:3010', reason: 'base URL of the payment provider' }),
  providerTimeoutMs: configField.integer({
    default: 3_000,
    min: 1,
    reason: 'longest wait for one answer of the provider',
  }),
  merchantId: configField.text({
    default: 'rocketshop',
    reason: 'our id at the provider; a callback for another merchant is refused',
  }),
  merchantKey: configField.headerSecrets({
    minLength: 16,
    max: 2,
    reason: 'the key that the provider gave us, the newest first; the first one is sent',
  }),
  callbackUrl: configField.url({
    default: 'http://127.0.0.1:3005/payments/callback',
    reason: 'where the provider sends its callbacks; every charge request contains it',
  }),
  callbackSecrets: configField.secrets({
    minLength: 16,
    max: 2,
    reason: 'secrets that sign callbacks, the newest first; two during a rotation',
  }),
  chargeIntervalMs: configField.integer({
    default: 1_000,
    min: 10,
    reason: 'time between two rounds that ask the provider about the charges that are due',
  }),
  chargeFirstPollMs: configField.integer({
    default: 120_000,
    min: 1,
    reason:
      'a payment that no callback has told of is asked for after this time, and then after twice as long each time; divided by TIME_SCALE',
  }),
  chargeLongestPollMs: configField.integer({
    default: 1_800_000,
    min: 1,
    reason: 'longest time between two questions about a charge that the buyer may still pay; divided by TIME_SCALE',
  }),
  lastLookMs: configField.integer({
    default: 21_600_000,
    min: 1,
    reason:
      'when the charge of a PAID payment is read once more, for money that was taken twice; longer than the provider repeats its callbacks; divided by TIME_SCALE',
  }),
  refundIntervalMs: configField.integer({
    default: 1_000,
    min: 10,
    reason: 'time between two rounds that request the refunds which are not final yet',
  }),
};

const RULES = [
  {
    field: 'chargeLongestPollMs',
    atLeast: ['chargeFirstPollMs'],
    reason: 'the time between two questions grows from the first to the longest',
  },
  {
    field: 'chargeFirstPollMs',
    atLeast: ['chargeIntervalMs'],
    reason: 'a charge is asked for in a round, and no sooner than the next one',
  },
] as const;

/** Every variable of the pay service. */
export type PayConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadPayConfig(environment: NodeJS.ProcessEnv = process.env): PayConfig {
  return loadConfig(FIELDS, environment, RULES);
}
