/** `node dist/health.js`: exit code 0 when the broker of this machine answers a request, 1 when it does not. For containers. */
import { checkBrokerHealth } from '@rocketshop/mq-broker';

import { loadBrokerConfig } from './broker-process.config.js';

try {
  const { bindAddress, brokerListenPort } = loadBrokerConfig();
  await checkBrokerHealth({ host: bindAddress, port: brokerListenPort });
} catch (error) {
  console.error(`The broker is not healthy. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
