import { runNameServer } from './run-name-server.js';

await runNameServer();
