export { NameServer, type NameServerOptions } from './nameserver.js';
