export { startBroker, type BrokerHandle, type StartBrokerOptions } from './start-broker.js';
export { startNameServer, type StartNameServerOptions } from './start-name-server.js';
export type { BrokerMetrics, GroupMetrics } from './broker/statistics/broker-metrics.js';
export type { NameServer, NameServerMetrics } from './nameserver/index.js';
export type { BrokerConfig, BrokerLimits } from './broker/broker.config.js';
export { BrokerConfigError, BrokerError, type BrokerErrorCode } from './broker/broker.errors.js';
export { StoreError, type StoreErrorCode } from './store/index.js';
export { checkBrokerHealth, checkNameServerHealth, type HealthTarget } from './check-health.js';
