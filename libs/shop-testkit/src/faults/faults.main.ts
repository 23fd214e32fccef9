// Node alone runs this program. It imports no package, so that a container needs nothing but the built files.
import { startFaultControl } from './fault-control.js';
import { loadFaultsConfig } from './faults.config.js';

const config = loadFaultsConfig();
const control = await startFaultControl(config);
const before = config.targets.map(({ name, port }) => `${name}:${port}`);
console.log(JSON.stringify({ msg: 'faults ready', http: control.port, before }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void control.stop());
