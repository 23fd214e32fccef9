/** `node dist/health.js`: exit code 0 when the name server of this machine answers a request, 1 when not. For containers. */
import { checkNameServerHealth } from '@rocketshop/mq-broker';

import { loadNameServerConfig } from './nameserver.config.js';

try {
  const { bindAddress, listenPort } = loadNameServerConfig();
  await checkNameServerHealth({ host: bindAddress, port: listenPort });
} catch (error) {
  console.error(`The name server is not healthy. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
