export { loadNameServerConfig, nameServerFields, type NameServerConfig } from './nameserver.config.js';
export { runNameServer } from './run-name-server.js';
