import { Logger } from '@nestjs/common';
import { AdminClient, Producer, PushConsumer, selectQueueByHash } from '@rocketshop/mq-client';
import type {
  ConsumerSettings,
  Driver,
  DriverConsumer,
  DriverProbe,
  DriverProducer,
  ProducerSettings,
} from './driver.js';

/** The client's words go to Nest's logger; what it says at `info` and below is for who debugs the client itself. */
function clientLogger(part: string): { [level in 'debug' | 'info' | 'warn' | 'error']: (message: string) => void } {
  const logger = new Logger(part);
  return {
    debug: (message) => logger.verbose(message),
    info: (message) => logger.debug(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}

function createProducer(settings: ProducerSettings): DriverProducer {
  const producer = new Producer({
    namesrvAddr: settings.namesrvAddr,
    instanceName: settings.instanceName,
    pollNameServerInterval: settings.routeRefreshIntervalMs,
    producerGroup: settings.producerGroup,
    sendMsgTimeout: settings.sendTimeoutMs,
    logger: clientLogger('RocketmqProducer'),
  });
  return {
    native: producer,
    start: () => producer.start(),
    shutdown: () => producer.shutdown(),
    send: (message, orderKey) =>
      orderKey === undefined
        ? producer.send(message)
        : producer.send(message, { selector: selectQueueByHash, arg: orderKey }),
  };
}

function createConsumer(settings: ConsumerSettings): DriverConsumer {
  const consumer = new PushConsumer({
    namesrvAddr: settings.namesrvAddr,
    instanceName: settings.instanceName,
    pollNameServerInterval: settings.routeRefreshIntervalMs,
    consumerGroup: settings.group,
    consumeFromWhere: settings.startFrom === 'first' ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_LAST_OFFSET',
    consumeThreadMax: settings.concurrency,
    consumeMessageBatchMaxSize: 1,
    maxReconsumeTimes: settings.maxReconsumeTimes,
    awaitTerminationMillisWhenShutdown: settings.drainTimeoutMs,
    logger: clientLogger('RocketmqConsumer'),
  });
  return {
    native: consumer,
    subscribe: (topic, expression) => consumer.subscribe(topic, expression),
    start: (listener) => {
      consumer.registerMessageListener(async ([message], context) => {
        // Batches are of one: a batch would be retried as a whole although one message failed.
        if (message !== undefined) return listener(message, context);
      });
      return consumer.start();
    },
    shutdown: () => consumer.shutdown(),
  };
}

function createProbe(settings: { namesrvAddr: string; instanceName: string }): DriverProbe {
  const admin = new AdminClient({ namesrvAddr: settings.namesrvAddr, instanceName: settings.instanceName });
  return {
    start: () => admin.start(),
    shutdown: () => admin.shutdown(),
    brokerNames: async () => Object.keys((await admin.fetchClusterInfo()).brokerAddrTable),
  };
}

export const rocketmqDriver: Driver = { createProducer, createConsumer, createProbe };
