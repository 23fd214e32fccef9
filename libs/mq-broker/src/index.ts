export { startBroker, type BrokerHandle, type StartBrokerOptions } from './start-broker.js';
export { startNameServer, type StartNameServerOptions } from './start-name-server.js';
export type { NameServer } from './nameserver/index.js';
export type { BrokerConfig, BrokerLimits } from './broker/broker.config.js';
export { BrokerConfigError, BrokerError, type BrokerErrorCode } from './broker/broker.errors.js';
export { StoreError, type StoreErrorCode } from './store/index.js';
export { checkBrokerHealth, checkNameServerHealth, type HealthTarget } from './check-health.js';
