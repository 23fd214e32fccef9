import { Logger } from '@nestjs/common';
import { AdminClient, Producer, PushConsumer } from '@rocketshop/mq-client';
import type { ClientOptions } from '@rocketshop/mq-client';
import type { Driver } from './driver.js';

/**
 * Sends the client library's log to Nest's logger, one level lower: `info` of the client is detail to an application.
 */
function clientLogger(context: string): Required<ClientOptions>['logger'] {
  const logger = new Logger(context);
  return {
    debug: (message) => logger.verbose(message),
    info: (message) => logger.debug(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}

export const rocketmqDriver: Driver = {
  createProducer: (options) => new Producer({ ...options, logger: clientLogger('RocketmqProducer') }),
  createConsumer: (options) => new PushConsumer({ ...options, logger: clientLogger('RocketmqConsumer') }),
  createAdminClient: (options) => new AdminClient(options),
};
