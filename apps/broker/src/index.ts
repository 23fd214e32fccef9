export { brokerFields, brokerOptions, loadBrokerConfig, type BrokerProcessConfig } from './broker-process.config.js';
export { runBroker } from './run-broker.js';
