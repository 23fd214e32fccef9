export { ConfigError, loadNameServerConfig, type NameServerConfig } from './nameserver.config.js';
export { runNameServer } from './run-name-server.js';
