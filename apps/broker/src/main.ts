import { runBroker } from './run-broker.js';

await runBroker();
