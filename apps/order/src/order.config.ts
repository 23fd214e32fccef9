import { configField, loadConfig, scaledMs, serviceFields, tokenFields } from '@rocketshop/service-defaults';
import type { ConfigOf } from '@rocketshop/service-defaults';

const FIELDS = {
  ...serviceFields({ http: 3001, rpc: 4001 }),
  ...tokenFields(),
  stockRpc: configField.hostPorts({ default: '127.0.0.1:4002', reason: 'where stock answers quotes and deducts' }),
  couponRpc: configField.hostPorts({ default: '127.0.0.1:4003', reason: 'where coupon answers quotes and is used' }),
  userRpc: configField.hostPorts({
    default: '127.0.0.1:4004',
    reason: 'where user checks buyers and deducts balances',
  }),
  payRpc: configField.hostPorts({ default: '127.0.0.1:4005', reason: 'where pay closes payments' }),
  rpcTimeoutMs: configField.integer({
    default: 2_000,
    min: 1,
    reason: 'longest wait for one remote answer; the call is never repeated',
  }),
  flowTimeoutMs: configField.integer({
    default: 10_000,
    min: 1,
    reason: 'longest a buyer waits for POST /orders; its end is the deadline that travels in the calls',
  }),
  abandonTimeoutMs: configField.integer({
    default: 30_000,
    min: 1,
    reason: 'age at which a PENDING order has lost its flow. Real time, not scaled: it must outlast a real flow',
  }),
  unpaidTimeoutMs: configField.integer({
    default: 1_800_000,
    min: 1,
    reason: 'how long a CONFIRMED order waits for its payment; divided by TIME_SCALE',
  }),
  answerOverdueMs: configField.integer({
    default: 300_000,
    min: 1,
    reason: 'age at which a cancellation that not all four have answered is published again; divided by TIME_SCALE',
  }),
  sweepIntervalMs: configField.integer({
    default: 60_000,
    min: 10,
    reason: 'how often the sweeper looks under both timers; divided by TIME_SCALE',
  }),
};

/** Every variable of the order service. Durations that TIME_SCALE divides are divided already. */
export type OrderConfig = ConfigOf<typeof FIELDS>;

/** @throws {ConfigurationError} that names every wrong variable at once */
export function loadOrderConfig(environment: NodeJS.ProcessEnv = process.env): OrderConfig {
  const config = loadConfig(FIELDS, environment);
  return {
    ...config,
    unpaidTimeoutMs: scaledMs(config.unpaidTimeoutMs, config.timeScale),
    answerOverdueMs: scaledMs(config.answerOverdueMs, config.timeScale),
    sweepIntervalMs: scaledMs(config.sweepIntervalMs, config.timeScale),
  };
}
