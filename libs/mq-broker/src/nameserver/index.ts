export { NameServer, type NameServerMetrics, type NameServerOptions } from './nameserver.js';
