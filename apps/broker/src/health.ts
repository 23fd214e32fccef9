/** `node dist/health.js`: exit code 0 when the broker of this machine answers a request, 1 when it does not. For containers. */
import { checkBrokerHealth } from '@rocketshop/mq-broker';

import { loadBrokerConfig } from './broker-process.config.js';

const ANY_ADDRESS = '0.0.0.0';

try {
  const { brokerBindAddress, brokerListenPort } = loadBrokerConfig();
  const host = brokerBindAddress === ANY_ADDRESS ? '127.0.0.1' : brokerBindAddress;
  await checkBrokerHealth({ host, port: brokerListenPort });
} catch (error) {
  console.error(`The broker is not healthy. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
