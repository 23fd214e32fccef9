import { configField, loadConfig, scaledMs, serviceFields, tokenFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3001, rpc: 4001, internal: 5001 }),
  ...tokenFields(),
  stockRpc: configField.hostPorts({
    default: '127.0.0.1:4002',
    reason: 'RPC address of stock, which quotes and deducts goods',
  }),
  couponRpc: configField.hostPorts({
    default: '127.0.0.1:4003',
    reason: 'RPC address of coupon, which quotes and uses coupons',
  }),
  userRpc: configField.hostPorts({
    default: '127.0.0.1:4004',
    reason: 'RPC address of user, which checks buyers and deducts balances',
  }),
  payRpc: configField.hostPorts({ default: '127.0.0.1:4005', reason: 'RPC address of pay, which closes payments' }),
  rpcTimeoutMs: configField.integer({
    default: 2_000,
    min: 1,
    reason: 'longest wait for the answer of one remote call, with its tries at other replicas',
  }),
  flowTimeoutMs: configField.integer({
    default: 10_000,
    min: 1,
    reason: 'longest time that a buyer waits for POST /orders; its end is the deadline of every remote call',
  }),
  abandonTimeoutMs: configField.integer({
    default: 30_000,
    min: 1,
    reason:
      'age at which a PENDING order is abandoned; TIME_SCALE does not divide it, since it must be longer than a flow',
  }),
  unpaidTimeoutMs: configField.integer({
    default: 1_800_000,
    min: 1,
    reason: 'how long a CONFIRMED order waits for its payment; divided by TIME_SCALE',
  }),
  answerOverdueMs: configField.integer({
    default: 300_000,
    min: 1,
    reason:
      'age at which a cancellation is published again when not all four participants have answered; divided by TIME_SCALE',
  }),
  sweepIntervalMs: configField.integer({
    default: 60_000,
    min: 10,
    reason: 'time between two rounds of the sweeper, which finds what both timers missed; divided by TIME_SCALE',
  }),
  cancelRetryMs: configField.integer({
    default: 10_000,
    min: 10,
    reason:
      'time until pay is asked again about an order that somebody asked to cancel; doubles up to twelve times; divided by TIME_SCALE',
  }),
};

const RULES = [
  { field: 'flowTimeoutMs', atLeast: ['rpcTimeoutMs'], reason: 'no call may outlast the flow that makes it' },
  {
    field: 'abandonTimeoutMs',
    atLeast: ['flowTimeoutMs', 'rpcTimeoutMs'],
    reason: 'an order must not be abandoned while its flow runs or undoes it',
  },
] as const;

/** Every variable of the order service. Durations that TIME_SCALE divides are divided already. */
export type OrderConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadOrderConfig(environment: NodeJS.ProcessEnv = process.env): OrderConfig {
  const config = loadConfig(FIELDS, environment, RULES);
  return {
    ...config,
    unpaidTimeoutMs: scaledMs(config.unpaidTimeoutMs, config.timeScale),
    answerOverdueMs: scaledMs(config.answerOverdueMs, config.timeScale),
    sweepIntervalMs: scaledMs(config.sweepIntervalMs, config.timeScale),
    cancelRetryMs: scaledMs(config.cancelRetryMs, config.timeScale),
  };
}
